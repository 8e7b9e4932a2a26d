/** Digest, held to the authenticator's suite. */
import { createHash } from 'node:crypto';
import { authRequest, describeAuthenticator, memoryDirectory, memoryReplayGuard, memorySecrets, PEOPLE } from '@kalends/testkit';
import { DigestAuthenticator } from './digest-authenticator.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** RFC 7616 §3.4.1, written out once more. */
function proof(challenges: readonly string[], password: string) {
  const nonce = /nonce="([^"]*)"/.exec(challenges.find((challenge) => challenge.includes('SHA-256'))!)![1]!;
  const ha1 = sha256(`amy:Tests:${password}`);
  const response = sha256(`${ha1}:${nonce}:00000001:c0ffee:auth:${sha256('PROPFIND:/')}`);
  const authorization = `Digest username="amy", realm="Tests", nonce="${nonce}", uri="/", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c0ffee", response="${response}"`;
  return authRequest({ headers: { authorization } });
}

describeAuthenticator('auth-digest', async (clock) => {
  const service = new DigestAuthenticator({
    realm: 'Tests', algorithms: ['SHA-256', 'MD5'], nonceSeconds: 300, sources: [memoryDirectory(PEOPLE.principals, PEOPLE)], replay: memoryReplayGuard(clock),
    secrets: memorySecrets(), hostId: 'host', clock, log: silent,
  });
  await service.loadKey();
  return { service, close: () => Promise.resolve() };
}, {
  proof: (challenges) => proof(challenges, PEOPLE.passwords['amy']!), account: 'amy',
  lies: [proof(['Digest nonce="made-up", algorithm=SHA-256'], PEOPLE.passwords['amy']!), authRequest({ headers: { authorization: 'Digest username="amy"' } })],
});
