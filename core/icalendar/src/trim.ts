/** Partial calendar-data (RFC 4791 §9.6.1 to §9.6.4) and CALDAV:limit-freebusy-set (§9.6.7): leaves out what was not asked for. Kept lines are copied. */
import type { TimeRange } from '@kalends/contracts';
import type { ComponentSelection } from './calendar-data.ts';
import type { Component, Property } from './component.ts';
import { makeProperty, withComponents, withProperties } from './component.ts';
import { ObjectZones, readPeriod } from './time-values.ts';
import { splitList } from './values.ts';

/** A selection that names nothing selects everything: so RFC 4791 §7.8.1 shows it for `<comp name="VTIMEZONE"/>`. */
export function isWhole({ properties, components }: ComponentSelection): boolean {
  return (properties === 'all' && components === 'all') || (properties.length === 0 && components.length === 0);
}

export function trimComponent(component: Component, selection: ComponentSelection): Component {
  if (isWhole(selection)) return component;
  const { properties, components } = selection;
  const kept = properties === 'all' ? component.properties : component.properties.flatMap((property) => {
    const wanted = properties.find(({ name }) => name === property.name);
    return wanted === undefined ? [] : wanted.novalue ? makeProperty(property.name, '', property.parameters) : property;
  });
  const children = components === 'all' ? component.components : component.components.flatMap((child) => {
    const wanted = components.find(({ name }) => name === child.name);
    return wanted === undefined ? [] : trimComponent(child, wanted);
  });
  return kept === component.properties && children === component.components ? component : { ...withProperties(component, kept), components: children };
}

/** FREEBUSY periods that do not overlap `range` go; a property that loses all of them goes too. */
export function limitFreeBusy(root: Component, range: TimeRange): Component {
  if (!root.components.some(({ name }) => name === 'VFREEBUSY')) return root;
  const zones = new ObjectZones(root);
  const limited = (component: Component): Component =>
    component.name === 'VFREEBUSY' ? withProperties(component, component.properties.flatMap((property) => limitPeriods(property, range, zones))) : component;
  return withComponents(root, root.components.map(limited));
}

function limitPeriods(property: Property, range: TimeRange, zones: ObjectZones): readonly Property[] {
  if (property.name !== 'FREEBUSY') return [property];
  const texts = splitList(property.value);
  const kept = texts.filter((text) => {
    const period = readPeriod(property, zones, text);
    return period !== undefined && period.start.at < range.end && period.end > range.start;
  });
  if (kept.length === texts.length) return [property];
  return kept.length === 0 ? [] : [{ name: property.name, parameters: property.parameters, value: kept.join(',') }];
}
