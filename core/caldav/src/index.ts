/** The public entry: what scheduling, the admin's tools and the composition build on. */
export * from './names.ts';
export * from './preconditions.ts';
export { CalendarHomes, HOME_PATHS, hasHome, homePath } from './resources/calendar-home.ts';
export { HOME_COLLECTIONS, HOME_ROOT } from './resources/home-layout.ts';
export { HOME_GRANTS, homeAcl, outboxAcl, proxyGroup } from './resources/default-access.ts';
export type { ProxyMode } from './resources/default-access.ts';
export { inboxPrivileges, outboxPrivileges } from './resources/privileges.ts';
export { componentsOf, STORABLE } from './properties/component-set.ts';
export { changeable, fixed, fixedText, resourceType } from './properties/define.ts';
export { zoneOf } from './properties/time-zone.ts';
export { SCHEDULE_TRANSPARENCY, storedTransparency, transparencyOf } from './properties/transparency.ts';
export type { Transparency } from './properties/transparency.ts';
export { CalendarDoor } from './write/commit.ts';
export type { DoorDependencies, Guard, MoveChange, Outcome, PutChange, RemoveChange } from './write/commit.ts';
export { WriteSteps } from './write/steps.ts';
