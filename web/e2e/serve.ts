// SPDX-License-Identifier: Apache-2.0
// A real `tresor serve` in a folder of its own, with real etcd; everything is gone with stop(), and with the test itself.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const root = new URL('../..', import.meta.url).pathname;
const program = process.env.TRESOR_PROGRAM ?? join(root, 'build/dev/bin/tresor');
export const tools = process.env.TRESOR_TEST_TOOLS ?? join(root, 'build/tools');

export const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Vitest's workers outlive a Vitest that was killed; what hangs on them would, too.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

/** A folder for what a test starts. Whoever has it in its command line is ended with the test, however that ends. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'tresor-page-'));
  private readonly watchdog = spawn(process.execPath, [new URL('watchdog.mjs', import.meta.url).pathname, this.path], {
    stdio: ['pipe', 'ignore', 'inherit'], detached: true,
  });
  async remove(): Promise<void> {
    const gone = new Promise((resolve) => this.watchdog.once('exit', resolve));
    this.watchdog.stdin.end();
    await gone;
  }
}

/** Looks until it is so. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 100): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(100);
  }
}

export class Serve {
  url = '';
  password = '';
  private process: ChildProcess | undefined;
  private output = '';
  private readonly folder = new Folder();
  readonly dir = this.folder.path;

  static async start(options: string[] = []): Promise<Serve> {
    const serve = new Serve(options);
    await serve.run();
    return serve;
  }
  private constructor(private readonly options: string[]) {}

  async run(): Promise<void> {
    const port = this.url ? new URL(this.url).port : '0';
    this.output = '';
    const child = spawn(
      program,
      ['serve', '--data-dir', join(this.dir, 'data'), '--listen', `127.0.0.1:${port}`, '--etcd', join(tools, 'etcd-3.5'), ...this.options],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.process = child;
    child.stdout.on('data', (data: Buffer) => (this.output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (this.output += data.toString()));
    const url = await until('tresor serves', async () => {
      if (child.exitCode !== null) throw new Error(`tresor ended: ${this.output}`);
      // Its last line: by then it has said all.
      return /^export KUBECONFIG=/m.test(this.output) ? /^web page and API: (\S+)$/m.exec(this.output)?.[1] : undefined;
    });
    this.url = url;
    this.password = /user admin, password (\S+)/.exec(this.output)?.[1] ?? this.password;
  }

  /** SIGKILL: as a crash. */
  async kill(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  log(): string {
    return this.output.split('\n').slice(-60).join('\n');
  }

  async call<T>(path: string, method = 'GET', body?: unknown, contentType = 'application/json'): Promise<T> {
    const config = parse(readFileSync(join(this.dir, 'data/kubeconfig'), 'utf8')) as { users: { user: { token: string } }[] };
    return new Promise((resolve, reject) => {
      const outgoing = request(this.url + path, {
        method, rejectUnauthorized: false,
        headers: { Authorization: `Bearer ${config.users[0]!.user.token}`, 'Content-Type': contentType },
      }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => (text += data.toString()));
        response.on('end', () => {
          if (response.statusCode! >= 400) reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          else resolve((text ? JSON.parse(text) : undefined) as T);
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  make(kind: string, plural: string, name: string, spec: object, project = 'demo'): Promise<unknown> {
    return this.call(`/apis/tresor.dev/v1/namespaces/${project}/${plural}`, 'POST', { apiVersion: 'tresor.dev/v1', kind, metadata: { name }, spec });
  }
  makeProject = (name: string): Promise<unknown> => this.call('/api/v1/namespaces', 'POST', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  get = <T>(plural: string, name: string, project = 'demo'): Promise<T> => this.call(`/apis/tresor.dev/v1/namespaces/${project}/${plural}/${name}`);

  /** etcdctl of a cluster, with the credentials that people get. */
  async etcdctl(cluster: string, words: string[], project = 'demo'): Promise<string> {
    const access = await this.call<{ endpoints: string[]; ca: string; certificate: string; key: string }>(`/etcd-credentials/${project}/${cluster}`);
    const file = (name: string, text: string) => {
      const path = join(this.dir, `${cluster}-${name}`);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const { stdout } = await promisify(execFile)(join(tools, 'etcdctl-3.5'), [
      '--endpoints', access.endpoints.join(','), '--cacert', file('ca', access.ca), '--cert', file('cert', access.certificate), '--key', file('key', access.key), ...words,
    ], { env: { ...process.env, ETCDCTL_API: '3' } });
    return stdout.trim();
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.folder.remove();
  }
}
