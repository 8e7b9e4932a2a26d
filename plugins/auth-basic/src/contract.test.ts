/** Basic, held to the authenticator's suite. */
import { authRequest, basic, describeAuthenticator, memoryDirectory, PEOPLE } from '@kalends/testkit';
import { BasicAuthenticator } from './basic-authenticator.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const asked = (account: string, password: string) => authRequest({ headers: { authorization: basic(account, password) } });

describeAuthenticator('auth-basic', () => Promise.resolve({
  service: new BasicAuthenticator({ realm: 'Tests', allowCleartext: false, sources: [memoryDirectory(PEOPLE.principals, PEOPLE)], log: silent }), close: () => Promise.resolve(),
}), {
  proof: () => asked('ben', PEOPLE.passwords['ben']!), account: 'ben',
  lies: [asked('ben', 'wrong'), asked('ben', ''), asked('nobody', 'x'), asked('dan', PEOPLE.passwords['dan']!), authRequest({ headers: { authorization: 'Basic !!!' } })],
});
