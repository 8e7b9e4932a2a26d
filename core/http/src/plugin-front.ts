/**
 * The listener as a plugin: last up, first down. All of HTTP that a deployment chooses is in its config; what is served comes from `http-feature` and `admin-api`.
 */
import { accessLog, adminApi, auditLog, clock, deployment, httpFeature, inspector } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { authentication } from './authentication.ts';
import { TrustedProxies } from './client.ts';
import { ExpressHost } from './express-host.ts';
import { Front } from './front.ts';
import { listenEntry, readListenEntry, writeListenEntry } from './listen-setting.ts';
import { Listener } from './listen.ts';
import type { Address } from './listen.ts';
import { listening } from './listening.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { ProxiedConnections } from './proxied-connections.ts';
import { describeCertificate, readTls, validUntil } from './tls.ts';
import { TransportPolicy } from './transport-policy.ts';

const DAY_MILLISECONDS = 86_400_000;
/** A proxy sends it with its first packet; one that was lost is sent again within three seconds. */
const PROXY_HEADER_MILLISECONDS = 5000;
const seconds = (fallback: number, most: number, what: string): z.ZodDefault<z.ZodNumber> => z.number().min(1).max(most).default(fallback).describe(what);

const config = z.strictObject({
  listen: z.array(listenEntry).min(1).default(['127.0.0.1:8008']),
  tls: z.strictObject({
    certificate: z.string().min(1).describe('PEM file: the certificate, then its chain.'),
    key: z.string().min(1).describe('PEM file.'),
    passphrase: z.string().optional().describe('Of the key, where it has one.'),
  }).optional().describe('The certificate of the addresses with TLS; from `server.tls`.'),
  'trusted-proxies': z.array(z.string().min(2)).default([]).describe('Addresses or networks whose X-Forwarded-For, -Proto and PROXY headers are believed.'),
  'headers-seconds': seconds(20, 300, 'To send all headers; guards against clients that trickle.'),
  'request-seconds': seconds(300, 86_400, 'To send a whole request.'),
  'keep-alive-seconds': seconds(65, 3600, 'How long an idle connection stays; longer than that of a load balancer in front.'),
  'header-octets': z.number().int().min(4096).max(1_048_576).default(32_768).describe('Kerberos tickets can take 16 KiB.'),
  'header-count': z.number().int().min(20).max(2000).default(200).describe('Header fields of one request.'),
  'certificate-check-seconds': seconds(30, 86_400, 'How often the certificate files are looked at; renewed ones are used without a restart.'),
  'redirect-to-tls': z.boolean().default(false).describe('Send requests in the clear to the address with TLS. Wants a listener with TLS, or a public-url with https.'),
  'hsts-seconds': z.number().int().min(0).max(63_072_000).default(0).describe('How long browsers shall remember to use TLS (RFC 6797). 0: not said.'),
  connections: z.number().int().min(1).default(10_000).describe('Open at once, a process and address.'),
});

export default definePlugin({
  name: '@kalends/http-front',
  api: 1,
  summary: 'Listens for HTTP, and hands each request to the feature it is for.',
  config,
  provides: { listening },
  requires: { features: httpFeature, adminApis: adminApi, authentication, inspector, accessLog, auditLog, deployment, clock },

  async setup({ config, deps, log, lifecycle }) {
    const { features, adminApis, authentication, inspector, accessLog, auditLog, clock } = deps;
    const tls = config.tls === undefined ? undefined : await readTls(config.tls);
    const { deployment } = deps;
    const addresses = config.listen.map((entry) => readListenEntry(entry, tls !== undefined));
    const host = await ExpressHost.open({ features, adminApis, authentication, inspector, log });
    // Where proxies come in is no address for clients.
    const isForClients = ({ secure, proxyProtocol }: Address): boolean => secure && proxyProtocol !== true;
    if (config['redirect-to-tls'] && !addresses.some(isForClients) && deployment.publicUrl.protocol !== 'https:') {
      throw new Error('redirect-to-tls has nowhere to send anybody: listen with TLS, or give server.public-url with https');
    }
    const transport = new TransportPolicy({
      redirect: config['redirect-to-tls'], hstsSeconds: config['hsts-seconds'], publicUrl: () => deployment.publicUrl,
      securePort: () => listener.addresses().find(isForClients)?.port,
    });
    const proxies = new TrustedProxies(config['trusted-proxies']);
    const headersMilliseconds = config['headers-seconds'] * 1000;
    const proxied = config['trusted-proxies'].length === 0 ? undefined : new ProxiedConnections({
      trusts: (address) => proxies.trusts(address), headerMilliseconds: Math.min(PROXY_HEADER_MILLISECONDS, headersMilliseconds), log,
    });
    const front = new Front({ features, host, proxies, transport, accessLog, auditLog, clock, log });
    const listener = new Listener(addresses, front.handle, {
      headersMilliseconds, requestMilliseconds: config['request-seconds'] * 1000,
      keepAliveMilliseconds: config['keep-alive-seconds'] * 1000, headerOctets: config['header-octets'], headerCount: config['header-count'],
      connections: config.connections,
    }, tls, proxied);

    lifecycle.onStart(async () => {
      await listener.start();
      for (const address of listener.addresses()) {
        const entry = writeListenEntry(address);
        log.info('listening', typeof entry === 'string' ? { address: entry } : { address: entry.at, proxyProtocol: true });
      }
    });
    lifecycle.onStop((deadline) => listener.stop(deadline));
    if (config.tls !== undefined && tls !== undefined) {
      const keeper = new CertificateKeeper({ files: config.tls, tls, use: (renewed) => { listener.useTls(renewed); }, log, everyMilliseconds: config['certificate-check-seconds'] * 1000 });
      lifecycle.onStart(async () => {
        log.info('certificate', describeCertificate(tls));
        await keeper.start();
      });
      lifecycle.onStop(() => { keeper.stop(); return Promise.resolve(); });
      lifecycle.health('certificate', () => {
        const until = validUntil(keeper.tls);
        const days = Math.floor((until.getTime() - clock.now()) / DAY_MILLISECONDS);
        return Promise.resolve({ ok: days >= 0, detail: days < 0 ? `expired on ${until.toISOString()}` : `valid for ${days} days` });
      });
    }
    return { listening: { addresses: () => listener.addresses() } };
  },
});
