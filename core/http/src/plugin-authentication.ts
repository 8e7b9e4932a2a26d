/**
 * Who asks, as a plugin: authenticators and policy of the deployment behind the one `authentication` point that whoever serves requests requires.
 */
import { authenticationPolicy, authenticator, clock, deployment, directory, processChannel } from '@kalends/contracts';
import type { PrincipalId } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { AccessList } from './access-list.ts';
import { Administrators } from './administrators.ts';
import { authentication } from './authentication.ts';
import { Authenticators } from './authenticators.ts';
import { Failures, FailureTable } from './failures.ts';

const config = z.strictObject({
  anonymous: z.strictObject({ principal: z.string().min(1).describe('Id of the principal that a request without credentials acts as.') }).optional()
    .describe('Lets requests without credentials in, as one principal. Leave it out unless everybody may do what that principal may.'),
});

export default definePlugin({
  name: '@kalends/http-authentication',
  api: 1,
  summary: 'Proves who asks by the configured authenticators, and counts failures.',
  config,
  provides: { authentication },
  requires: { authenticators: authenticator, policy: authenticationPolicy, directory, channel: processChannel, deployment, clock },

  setup({ config, deps, log, lifecycle }) {
    if (deps.authenticators.length === 0 && config.anonymous === undefined) {
      throw new Error('nobody could log in: enable an authenticator (auth-digest, auth-basic, auth-kerberos)');
    }
    const anonymous = config.anonymous?.principal as PrincipalId | undefined;
    lifecycle.onStart(() => {
      if (anonymous !== undefined) log.warn('requests without credentials are let in', { as: anonymous });
      return Promise.resolve();
    });
    if (deps.deployment.role === 'single') new FailureTable().answerOn(deps.channel);
    return {
      authentication: new Authenticators({
        authenticators: deps.authenticators, policy: deps.policy, directory: deps.directory, clock: deps.clock, log, anonymous,
        failures: new Failures(deps.channel), admins: new Administrators(deps.deployment.admins, deps.directory, log),
        accessList: new AccessList(deps.deployment.accessList, deps.directory, log),
      }),
    };
  },
});
