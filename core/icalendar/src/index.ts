export * from './limits.ts';
export * from './time.ts';
export * from './zones.ts';
export * from './recurrence.ts';
