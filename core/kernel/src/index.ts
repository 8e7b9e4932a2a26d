export { extensionPoint } from './plugin/extension-point.ts';
export type { Arity, ExtensionPoint, Provided, Resolved } from './plugin/extension-point.ts';
export { definePlugin } from './plugin/define-plugin.ts';
export type { HealthReport, Lifecycle, Logger, PluginDefinition, SetupContext } from './plugin/define-plugin.ts';
