import { describe, expect, it } from 'vitest';
import { readArguments } from './command-line.ts';
import { listenWith } from './listen-flags.ts';

function read(...args: string[]) {
  let printed = '';
  const print = (text: string): void => { printed += text; };
  return { result: readArguments(args, '1.2.3', { out: print, error: print }), printed: () => printed };
}

describe('readArguments', () => {
  it('reads every flag', () => {
    expect(read('-f', 'x.yaml', '--http-port', '0', '--https-port', '8443', '--bind', '::1', '--data', '/d', '--pid-file', '/p', '-X', '--check').result).toEqual({
      file: 'x.yaml', foreground: true, check: true, listen: { httpPort: 0, httpsPort: 8443, bind: '::1' }, settings: { 'server.data': '/d', 'process.pid-file': '/p' },
    });
    expect(read().result).toMatchObject({ file: undefined, foreground: false, check: false, settings: {} });
  });

  it('answers help and version with 0, and wrong arguments with 64 and a sentence', () => {
    expect([read('--help').result, read('-V').result]).toEqual([0, 0]);
    expect(read('-V').printed()).toBe('1.2.3\n');
    const wrong = read('--http-prot', '1');
    expect([wrong.result, read('--http-port', '70000').result, read('stray').result]).toEqual([64, 64, 64]);
    expect(wrong.printed()).toContain('Did you mean --http-port?');
  });
});

describe('listenWith', () => {
  const configured = [{ secure: false, host: '127.0.0.1', port: 8008 }, { secure: true, host: undefined, port: 8443 }];
  const flags = { httpPort: undefined, httpsPort: undefined, bind: undefined };

  it('says nothing when no flag does', () => {
    expect(listenWith(flags, configured)).toBeUndefined();
  });

  it('replaces the port that is named and leaves the other', () => {
    expect(listenWith({ ...flags, httpPort: 9000 }, configured)).toEqual(['http://127.0.0.1:9000', 'https://*:8443']);
    expect(listenWith({ ...flags, httpsPort: 0 }, configured)).toEqual(['https://*:0', 'http://127.0.0.1:8008']);
    expect(listenWith({ ...flags, httpsPort: 1 }, [])).toEqual(['https://127.0.0.1:1']);
  });

  it('leaves the addresses where proxies come in, and binds them elsewhere with the others', () => {
    const proxied = { secure: false, host: undefined, port: 8009, proxyProtocol: true };
    const entry = (at: string) => ({ at, 'proxy-protocol': true });
    expect(listenWith({ ...flags, httpPort: 9000 }, [proxied, ...configured])).toEqual(['http://127.0.0.1:9000', entry('http://*:8009'), 'https://*:8443']);
    expect(listenWith({ ...flags, httpPort: 9000 }, [proxied])).toEqual(['http://127.0.0.1:9000', entry('http://*:8009')]);
    expect(listenWith({ ...flags, bind: '::1' }, [proxied])).toEqual([entry('http://[::1]:8009')]);
  });

  it('binds all of them elsewhere', () => {
    expect(listenWith({ ...flags, bind: '::1' }, configured)).toEqual(['http://[::1]:8008', 'https://[::1]:8443']);
  });
});
