import { describe, expect, it } from 'vitest';
import { ConfigDocument, emptyMap } from './document.ts';
import { documentToYaml, readPlist } from './plist.ts';

const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <!-- <key>Commented</key> <dict> -->
  <key>HTTPPort</key>
  <integer>8008</integer>
  <key>Authentication</key>
  <dict>
    <key>Basic</key>
    <dict>
      <key>Enabled</key>
      <true/>
    </dict>
    <key>Digest</key><dict><key>Enabled</key><false/></dict>
  </dict>
  <key>Admins</key>
  <array><string>a</string></array>
  <key>R&amp;D</key><string>x</string>
</dict>
</plist>
`;

describe('readPlist', () => {
  it('finds the line of each key again, nested ones of the same name too', () => {
    let raw = new ConfigDocument();
    readPlist({ file: '/etc/x/caldavd.plist', shown: 'caldavd.plist', text }, (document) => {
      raw = document;
      return { document, problems: [] };
    });
    const line = (...path: string[]): number | undefined => raw.originOf(path)?.line;
    expect(raw.value).toEqual({ HTTPPort: 8008, Authentication: { Basic: { Enabled: true }, Digest: { Enabled: false } }, Admins: ['a'], 'R&D': 'x' });
    expect([line('HTTPPort'), line('Authentication', 'Basic', 'Enabled'), line('Authentication', 'Digest', 'Enabled'), line('Admins'), line('R&D')]).toEqual([6, 12, 15, 17, 19]);
  });

  it('reports what is no property list', () => {
    const mapping = (document: ConfigDocument) => ({ document, problems: [] });
    expect(readPlist({ file: '/x.plist', shown: 'x.plist', text: 'server: {}' }, mapping).problems).toMatchObject([{ code: 'KRN_SYNTAX', file: 'x.plist' }]);
    expect(readPlist({ file: '/x.plist', shown: 'x.plist', text: '<plist><string>x</string></plist>' }, mapping).problems).toMatchObject([{ code: 'KRN_SYNTAX' }]);
  });

  it('writes YAML a person would have written', () => {
    const document = new ConfigDocument(emptyMap());
    document.set(['server', 'listen'], ['a', 'b']);
    document.set(['server', 'key'], { env: 'KEY' });
    expect(documentToYaml(document)).toBe('server:\n  listen:\n    - a\n    - b\n  key:\n    env: KEY\n');
  });
});
