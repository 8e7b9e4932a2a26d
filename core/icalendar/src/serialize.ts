import type { Component } from './component.ts';
export function serialize(_root: Component): Uint8Array { throw new Error('to come'); }
