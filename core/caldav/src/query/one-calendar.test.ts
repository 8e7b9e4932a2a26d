/** Many objects as one VCALENDAR. */
import { event, recurring } from '@kalends/testkit';
import { expect, it } from 'vitest';
import { FOOTER, OneCalendar, header } from './one-calendar.ts';

it('writes each time zone once and every event as it is stored', () => {
  const whole = new OneCalendar();
  const text = header('Work, and play') + whole.add(recurring('a').text) + whole.add(recurring('b').text) + whole.add(event('c').text) + FOOTER;
  expect(text.match(/BEGIN:VTIMEZONE/g)).toHaveLength(1);
  expect(text.match(/BEGIN:VEVENT/g)).toHaveLength(3);
  expect(text.match(/BEGIN:VCALENDAR/g)).toHaveLength(1);
  expect(text).toContain('X-WR-CALNAME:Work\\, and play\r\n');
  expect(text).toContain(event('c').text.match(/BEGIN:VEVENT[^]*END:VEVENT\r\n/)![0]);
});

it('gives lines that ended in LF alone their CR', () => {
  const out = new OneCalendar().add(event('a').text.replaceAll('\r\n', '\n'));
  expect(out).toBe(event('a').text.match(/BEGIN:VEVENT[^]*END:VEVENT\r\n/)![0]);
});

it('keeps components inside components, and folded lines that look like edges', () => {
  const text = event('a', { alarm: 10, lines: ['X-NOTE:BEGIN:VEVENT', 'X-FOLD:one', ' END:VEVENT'] }).text;
  const out = new OneCalendar().add(text);
  expect(out).toContain('BEGIN:VALARM');
  expect(out.trimEnd().endsWith('END:VEVENT')).toBe(true);
});
