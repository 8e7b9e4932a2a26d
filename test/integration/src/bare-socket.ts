/** Requests as octets on a socket, for what fetch would not send. */
import { connect } from 'node:net';

const SILENCE_MILLISECONDS = 10_000;

/**
 * All that comes until the server ends the connection, as Latin-1. `from`: all of 127/8 is this machine, so each address of it is another client.
 * @throws Error when nothing comes, or no end
 */
export function exchange(url: string, text: string | Uint8Array, from = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: from }, () => { socket.write(text); });
    let answer = '';
    socket.setTimeout(SILENCE_MILLISECONDS, () => {
      reject(new Error(`no end: ${answer}`));
      socket.destroy();
    });
    socket.on('data', (chunk) => { answer += chunk.toString('latin1'); });
    // A connection that is reset once the answer is there (nobody read the rest of the request) has ended.
    socket.on('error', (error) => { if (answer === '') reject(error); });
    socket.on('close', () => { resolve(answer); });
  });
}
