import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentToYaml, readConfigFile } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import { classicKeys } from './classic-keys.ts';
import { readConfig } from './start-server.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n<dict>\n';

function withPlist<T>(body: string, run: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-plist-'));
  const file = join(folder, 'caldavd.plist');
  writeFileSync(file, `${HEAD}${body}\n</dict>\n</plist>\n`);
  try {
    return run(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const full = `
  <key>ServerHostName</key><string>cal.example.com</string>
  <key>HTTPPort</key><integer>8008</integer>
  <key>SSLPort</key><integer>8443</integer>
  <key>EnableSSL</key><true/>
  <key>SSLCertificate</key><string>/etc/certificates/cal.crt</string>
  <key>SSLPrivateKey</key><string>/etc/certificates/cal.key</string>
  <key>BindAddresses</key><array><string>192.0.2.1</string><string>2001:db8::1</string></array>
  <key>DataRoot</key><string>/var/lib/caldavd</string>
  <key>UserQuota</key><integer>104857600</integer>
  <key>MaximumAttachmentSize</key><integer>1048576</integer>
  <key>ProcessType</key><string>Combined</string>
  <key>MultiProcess</key><dict><key>ProcessCount</key><integer>0</integer></dict>
  <key>Authentication</key><dict>
    <key>Basic</key><dict><key>Enabled</key><true/><key>AllowedOverWireUnencrypted</key><true/></dict>
    <key>Digest</key><dict><key>Enabled</key><true/><key>Algorithm</key><string>md5</string><key>Qop</key><string></string><key>Realm</key><string>Example</string></dict>
    <key>Kerberos</key><dict><key>Enabled</key><false/><key>ServicePrincipal</key><string></string></dict>
  </dict>
  <key>DirectoryService</key><dict>
    <key>type</key><string>OpenDirectoryService</string>
    <key>params</key><dict><key>node</key><string>/LDAPv3/ldap.example.com</string></dict>
  </dict>
  <key>AdminPrincipals</key><array><string>/principals/__uids__/admin-guid/</string><string>/principals/users/root</string></array>
  <key>AccessLogFile</key><string>/var/log/caldavd/access.log</string>
  <key>ErrorLogFile</key><string>/var/log/caldavd/error.log</string>
  <key>PIDFile</key><string>/var/run/caldavd.pid</string>`;

describe('classicKeys', () => {
  it('maps the classic keys onto the model, which takes them', () => {
    withPlist(full, (file) => {
      const { sections, instances, problems } = readConfig({ file, environment: {} });
      expect(problems).toEqual([]);
      expect(sections.server).toMatchObject({
        'public-url': 'https://cal.example.com:8443', data: '/var/lib/caldavd', tls: { certificate: '/etc/certificates/cal.crt', key: '/etc/certificates/cal.key' },
        listen: ['http://192.0.2.1:8008', 'http://[2001:db8::1]:8008', 'https://192.0.2.1:8443', 'https://[2001:db8::1]:8443'],
      });
      expect(sections.process).toMatchObject({ role: 'combined', workers: 'auto', 'pid-file': '/var/run/caldavd.pid' });
      expect(sections.limits).toMatchObject({ 'home-octets': 104_857_600, 'attachment-octets': 1_048_576 });
      expect(sections.log).toMatchObject({ 'access-file': '/var/log/caldavd/access.log', 'error-file': '/var/log/caldavd/error.log' });
      expect(sections.admins).toEqual(['admin-guid', 'users/root']);
      expect(instances.map(({ name, use, with: given }) => [name, use, given])).toEqual([
        ['cache', 'cache-keyv', undefined], ['jobs', 'jobs-store', undefined], ['channel', 'channel-ipc', undefined], ['timezones', 'timezone-service', undefined],
        ['auth-digest', 'auth-digest', { realm: 'Example' }], ['auth-basic', 'auth-basic', { realm: 'Example', 'allow-cleartext': true }],
        ['storage', 'storage-flat-file', undefined], ['directory-service', 'directory-open-directory', { url: 'ldap://ldap.example.com' }],
      ]);
    });
  });

  it('reports each key it does not know, nested ones too, with its line', () => {
    withPlist('<key>HTTPPort</key><integer>8008</integer>\n<key>EnableTimezoneService</key><true/>\n<key>Authentication</key>\n<dict>\n<key>Wiki</key><dict><key>Enabled</key><true/></dict>\n</dict>', (file) => {
      const { problems } = readConfigFile(file, classicKeys);
      expect(problems.map(({ line, path, severity }) => [line, path, severity])).toEqual([[6, 'EnableTimezoneService', 'error'], [9, 'Authentication.Wiki', 'error']]);
    });
  });

  it('says what to do about keys whose feature is elsewhere', () => {
    withPlist(`<key>SudoersFile</key><string>/etc/caldavd/sudoers.plist</string>
      <key>Scheduling</key><dict><key>iMIP</key><dict><key>Enabled</key><true/><key>Sending</key><dict><key>Server</key><string>smtp</string></dict></dict></dict>
      <key>DirectoryService</key><dict><key>type</key><string>XMLDirectoryService</string><key>params</key><dict><key>xmlFile</key><string>accounts.xml</string></dict></dict>`, (file) => {
      const { problems } = readConfigFile(file, classicKeys);
      expect(problems.map(({ path, severity }) => [path, severity])).toEqual([['DirectoryService.type', 'error'], ['Scheduling.iMIP', 'warning'], ['SudoersFile', 'warning']]);
      expect(problems.every(({ remedy }) => remedy !== undefined)).toBe(true);
    });
  });

  it('takes base and reading account of the classic LDAP service', () => {
    withPlist(`<key>DirectoryService</key><dict><key>type</key><string>LdapDirectoryService</string><key>params</key><dict>
      <key>uri</key><string>ldaps://ldap.example.com</string><key>rdnSchema</key><dict><key>base</key><string>dc=example,dc=com</string></dict>
      <key>credentials</key><dict><key>dn</key><string>uid=reader,dc=example,dc=com</string><key>password</key><string>secret</string></dict>
    </dict></dict>`, (file) => {
      expect(readConfig({ file, environment: {} }).instances.find(({ name }) => name === 'directory-service')).toMatchObject({
        use: 'directory-open-directory', with: { url: 'ldaps://ldap.example.com', base: 'dc=example,dc=com', 'bind-dn': 'uid=reader,dc=example,dc=com', 'bind-password': 'secret' },
      });
    });
  });

  it('names the key of the property list when the model refuses its value', () => {
    withPlist('<key>HTTPPort</key><integer>8008</integer>\n<key>ServerHostName</key><string>not a host</string>', (file) => {
      const { problems } = readConfig({ file, environment: {} });
      expect(problems).toMatchObject([{ line: 6, path: 'server.public-url', code: 'KRN_BAD_VALUE' }]);
    });
  });

  it('becomes YAML', () => {
    withPlist('<key>HTTPPort</key><integer>8008</integer>\n<key>UserQuota</key><integer>0</integer>', (file) => {
      expect(documentToYaml(readConfigFile(file, classicKeys).document)).toBe('server:\n  listen:\n    - http://*:8008\nlimits:\n  home-octets: none\nplugins:\n  storage:\n    use: storage-flat-file\n');
    });
  });
});
