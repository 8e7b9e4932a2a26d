/**
 * SRV asked by ourselves, over TCP, which every DNS server speaks (RFC 7766 §5). For answers that Node's resolver does not take since c-ares 1.34.7: it refuses a target
 * that is compressed, as Samba's DNS and some proxies send it (RFC 2782 forbids that to senders; RFC 3597 §4 has receivers take it).
 */
import { randomInt } from 'node:crypto';
import { connect, isIPv6 } from 'node:net';
import { RECURSION_DESIRED, streamDecode, streamEncode } from 'dns-packet';
import type { ServiceRecord } from './names.ts';

const PORT = 53;
const MOST_OCTETS = 65_535 + 2;

/** Of the first server that answers; `servers` as `dns.getServers()` writes them. @throws Error with a `code` as Node's resolver has it: ENOTFOUND, ENODATA, else the last trouble */
export async function queryServices(servers: readonly string[], name: string, milliseconds: number): Promise<readonly ServiceRecord[]> {
  let trouble: unknown = codedError('ENOSERVERS', name);
  for (const server of servers) {
    try {
      return await queryOne(server, name, milliseconds);
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')) throw error;
      trouble = error;
    }
  }
  throw trouble;
}

async function queryOne(server: string, name: string, milliseconds: number): Promise<readonly ServiceRecord[]> {
  const { hostname, port } = new URL(`dns://${isIPv6(server) ? `[${server}]` : server}`);
  const id = randomInt(65_536);
  const answer = await exchange(hostname.replace(/^\[(.*)\]$/, '$1'), port === '' ? PORT : Number(port), streamEncode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type: 'SRV', name }] }), name, milliseconds);
  const { id: answered, type, answers = [], rcode } = streamDecode(answer) as ReturnType<typeof streamDecode> & { readonly rcode?: string };
  if (answered !== id || type !== 'response') throw codedError('EBADRESP', name);
  if (rcode === 'NXDOMAIN') throw codedError('ENOTFOUND', name);
  if (rcode !== 'NOERROR') throw codedError(rcode === 'SERVFAIL' ? 'ESERVFAIL' : 'EREFUSED', name);
  const records = answers.flatMap((record) => (record.type === 'SRV' ? [record.data] : []));
  if (records.length === 0) throw codedError('ENODATA', name);
  return records.map(({ target, port: at, priority = 0, weight = 0 }) => ({ name: target, port: at, priority, weight }));
}

/** One message each way, its length before it (RFC 1035 §4.2.2). */
function exchange(host: string, port: number, question: Buffer, name: string, milliseconds: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const socket = connect({ host, port });
    const timer = setTimeout(() => { socket.destroy(codedError('ETIMEOUT', name)); }, milliseconds);
    socket.once('error', reject).once('close', () => {
      clearTimeout(timer);
      reject(codedError('EBADRESP', name));
    });
    socket.on('data', (octets) => {
      heard = Buffer.concat([heard, octets]);
      if (heard.length > MOST_OCTETS) socket.destroy(codedError('EBADRESP', name));
      else if (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
        resolve(heard);
        socket.destroy();
      }
    });
    socket.write(question);
  });
}

function codedError(code: string, name: string): Error {
  return Object.assign(new Error(`querySrv ${code} ${name}`), { code });
}
