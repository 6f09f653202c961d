// SPDX-License-Identifier: Apache-2.0
// Clusters that run elsewhere: connected when they have answered, and backed up; and restores into other clusters than the
// one that a backup is of. With real etcd, by TLS and without, and with whatever people mistype.
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { expectAccessible, expectTranslated, launch, Person, picture } from './browser';
import { Serve, tools, until } from './serve';

let browser: Browser;
let serve: Serve;
let access: { endpoints: string[]; ca: string; certificate: string; key: string };

interface Phased {
  status?: { phase?: string; safetyBackup?: string };
}
const phaseIs = (plural: string, name: string, phase: string, project = 'here') =>
  until(`${name} is ${phase}`, async () => (await serve.get<Phased>(plural, name, project).catch(() => undefined))?.status?.phase === phase);

/** A cluster of another project has a real etcd with certificates: how to reach it is all that is used of it. */
beforeAll(async () => {
  [browser, serve] = await Promise.all([launch(), Serve.start()]);
  await Promise.all([serve.makeProject('here'), serve.makeProject('far')]);
  await serve.make('EtcdCluster', 'etcdclusters', 'origin', { runtime: 'local', replicas: 1 }, 'far');
  await phaseIs('etcdclusters', 'origin', 'Running', 'far');
  await serve.etcdctl('origin', ['put', 'greeting', 'hello'], 'far');
  access = await serve.call('/etcd-credentials/far/origin');
});
afterAll(async () => {
  await browser?.close();
  await serve?.stop();
});

async function open(name: string, language: 'en' | 'de'): Promise<{ person: Person; page: Page; dialog: Locator }> {
  const person = await Person.open(browser, serve.url, { language, width: 1280 });
  onTestFailed(() => person.tell(name, serve.log()));
  onTestFinished(() => person.close());
  await person.logIn(serve.password);
  return { person, page: person.page, dialog: person.page.getByRole('dialog') };
}

/** etcd without TLS, where only root with a password may look. */
async function startPlainEtcd(): Promise<string> {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(join(tools, 'etcd-3.5'), [
    `--data-dir=${join(serve.dir, 'plain')}`, `--listen-client-urls=${url}`, `--advertise-client-urls=${url}`, '--listen-peer-urls=http://127.0.0.1:0',
  ], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const etcdctl = (...words: string[]) => promisify(execFile)(join(tools, 'etcdctl-3.5'), ['--endpoints', url, ...words], { env: { ...process.env, ETCDCTL_API: '3' } });
  await until('etcd without TLS answers', () => etcdctl('user', 'add', 'root:secret').then(() => true, () => false));
  await etcdctl('user', 'grant-role', 'root', 'root');
  await etcdctl('auth', 'enable');
  return url;
}

describe('a cluster that runs elsewhere', () => {
  it('is connected when it has answered, backed up, and restored into a new one', async () => {
    const { person, page, dialog } = await open('connect', 'en');
    await page.goto('/projects/here/clusters');
    await page.getByRole('button', { name: 'Add Cluster' }).click();
    await dialog.getByRole('radio', { name: /runs elsewhere/ }).click();
    await dialog.getByLabel('Name').fill('remote');
    const connect = dialog.getByRole('button', { name: 'Connect', exact: true });
    const fields = { endpoint: /Client URLs/, ca: 'Certificate of the authority (PEM)', certificate: 'Client certificate (PEM)', key: 'Key of the client certificate (PEM)' };
    /** With these fields it is not reached, and the page says why. */
    const fails = async (text: string, values: Partial<Record<keyof typeof fields, string>>) => {
      for (const [field, value] of Object.entries(values)) await dialog.getByLabel(fields[field as keyof typeof fields], { exact: field !== 'endpoint' }).fill(value);
      await dialog.getByRole('button', { name: 'Test the connection' }).click();
      await dialog.getByText('No healthy member answers').waitFor();
      await dialog.getByText(text).waitFor();
      expect(await connect.isDisabled()).toBe(true);
    };
    const [endpoint] = access.endpoints;
    const kubeconfig = parse(readFileSync(join(serve.dir, 'data/kubeconfig'), 'utf8')) as { clusters: { cluster: { 'certificate-authority-data': string } }[] };
    const otherAuthority = Buffer.from(kubeconfig.clusters[0]!.cluster['certificate-authority-data'], 'base64').toString();
    await fails('Nothing listens there', { endpoint: 'https://127.0.0.1:1' });
    await fails('Give the authority (CA) of this etcd', { endpoint: endpoint!, ca: otherAuthority });
    await picture(page, 'connect-wrong-authority');
    await expectAccessible(page, 'a connection that failed');
    await fails('from -----BEGIN to -----END', { ca: 'not a certificate' });
    await fails('it wants a client certificate', { ca: access.ca });
    await fails('give both, or neither', { certificate: access.certificate });
    await fails('from -----BEGIN to -----END', { key: 'not a key' });
    await fails('do not belong together', { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
    await fails('Most likely one of the two speaks TLS', { endpoint: endpoint!.replace('https', 'http') });

    await dialog.getByLabel(fields.endpoint).fill(endpoint!);
    await dialog.getByLabel(fields.key, { exact: true }).fill(access.key);
    await dialog.getByRole('button', { name: 'Test the connection' }).click();
    await dialog.getByText('Connected: 1 member').waitFor();
    await picture(page, 'connect-tested', 'connect-cluster');
    expect(await connect.isEnabled()).toBe(true);
    // What was tested is what is saved: another name of it has not been tried.
    await dialog.getByLabel(fields.endpoint).fill(`${endpoint} https://127.0.0.1:1`);
    expect(await connect.isDisabled()).toBe(true);
    await dialog.getByLabel(fields.endpoint).fill(endpoint!);
    await connect.click();
    await page.getByRole('heading', { name: 'remote' }).waitFor();
    await page.getByText('Running', { exact: true }).filter({ visible: true }).first().waitFor({ timeout: 30_000 });
    await picture(page, 'connect-running');

    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('navigation').getByRole('link', { name: 'Backups', exact: true }).click();
    const row = page.getByRole('row', { name: /remote-now/ });
    await row.getByText('Completed').filter({ visible: true }).waitFor({ timeout: 30_000 });
    await row.getByRole('button', { name: /^Restore remote-now/ }).click();

    // There is no way back into it: a new one is offered, with bad names refused as they are typed.
    await dialog.getByRole('radio', { name: /not run by Tresor/ }).waitFor();
    expect(await dialog.getByRole('radio', { name: /not run by Tresor/ }).isDisabled()).toBe(true);
    expect(await dialog.getByRole('radio', { name: /there is none/ }).isDisabled()).toBe(true);
    expect(await dialog.getByRole('radio', { name: 'A new cluster' }).isChecked()).toBe(true);
    const submit = dialog.getByRole('button', { name: 'Restore', exact: true });
    const name = dialog.getByLabel('Name of the new cluster');
    await name.fill('Copy!');
    await dialog.getByText('Small letters, digits and dashes only').waitFor();
    await name.fill('remote');
    await dialog.getByText('There is one of that name already.').waitFor();
    expect(await submit.isDisabled()).toBe(true);
    await name.fill('copy');
    await dialog.getByRole('combobox').click();
    await page.getByRole('option', { name: '1', exact: true }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('remote');
    expect(await submit.isDisabled()).toBe(true);
    await dialog.getByLabel('Name', { exact: true }).fill('copy');
    await picture(page, 'restore-into-new', 'restore-new');
    await submit.click();
    await page.getByText('all members were compared with it').waitFor({ timeout: 100_000 });
    expect(await serve.etcdctl('copy', ['get', 'greeting', '--print-value-only'], 'here')).toBe('hello');
    expect(person.errors).toEqual([]);
  });

  it('wants its password; and its backup goes into another cluster of the project: in German', async () => {
    const { person, page, dialog } = await open('connect-de', 'de');
    const url = await startPlainEtcd();
    await page.goto('/projects/here/clusters');
    await page.getByRole('button', { name: 'Cluster hinzufügen' }).click();
    await dialog.getByRole('radio', { name: /anderswo läuft/ }).click();
    await dialog.getByLabel('Name').fill('ohne-tls');
    await dialog.getByLabel(/Client-URLs/).fill(url);
    const test = dialog.getByRole('button', { name: 'Verbindung testen' });
    await test.click();
    await dialog.getByText('Dieses etcd verlangt Benutzer und Passwort.').waitFor();
    await dialog.getByLabel('etcd-Benutzer').fill('root');
    await dialog.getByLabel('Passwort').fill('falsch');
    await test.click();
    await dialog.getByText('etcd nimmt diesen Benutzer mit diesem Passwort nicht an.').waitFor();
    await picture(page, 'connect-wrong-password-de');
    await expectTranslated(page, 'a wrong password');
    await dialog.getByLabel('Passwort').fill('secret');
    await test.click();
    await dialog.getByText('Verbunden: 1 Member').waitFor();
    await dialog.getByRole('button', { name: 'Verbinden', exact: true }).click();
    await page.getByRole('heading', { name: 'ohne-tls' }).waitFor();
    await page.getByText('Läuft', { exact: true }).filter({ visible: true }).first().waitFor({ timeout: 30_000 });

    // What the other cluster has now is replaced, and kept in a safety backup.
    await serve.etcdctl('copy', ['put', 'greeting', 'anders'], 'here');
    await serve.etcdctl('copy', ['put', 'own', 'weg'], 'here');
    await page.goto('/projects/here/backups?cluster=remote');
    await page.getByRole('button', { name: /remote-now.* wiederherstellen/ }).click();
    await dialog.getByRole('radio', { name: 'In einen anderen Cluster dieses Projekts' }).click();
    const submit = dialog.getByRole('button', { name: 'Wiederherstellen', exact: true });
    expect(await submit.isDisabled()).toBe(true);
    await dialog.getByRole('combobox', { name: 'Cluster' }).click();
    expect(await page.getByRole('option').allTextContents()).toEqual(['copy']); // none that Tresor does not run
    await page.getByRole('option', { name: 'copy' }).click();
    await dialog.getByText('Alles, was jetzt in copy ist.').waitFor();
    await dialog.getByLabel('Name', { exact: true }).fill('remote');
    expect(await submit.isDisabled()).toBe(true);
    await dialog.getByLabel('Name', { exact: true }).fill('copy');
    await picture(page, 'restore-into-other-de');
    await expectAccessible(page, 'a restore into another cluster');
    await submit.click();
    await page.getByText('alle Member wurden damit verglichen').waitFor({ timeout: 100_000 });
    await picture(page, 'restored-other-de');
    expect(await serve.etcdctl('copy', ['get', 'greeting', '--print-value-only'], 'here')).toBe('hello');
    expect(await serve.etcdctl('copy', ['get', 'own'], 'here')).toBe('');
    const { status } = await serve.get<Phased>('etcdrestores', page.url().split('/').pop()!, 'here');
    await phaseIs('etcdbackups', status!.safetyBackup!, 'Completed');
    expect(person.errors).toEqual([]);
  });
});
