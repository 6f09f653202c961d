// SPDX-License-Identifier: Apache-2.0
// Every screen and dialog: accessible, in both languages, fitting from a phone to a wide screen, in light and dark.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { expectAccessible, expectFits, expectTranslated, launch, Person, picture, type PageOptions } from './browser';
import { Serve, sleep, until } from './serve';

let browser: Browser;
let serve: Serve;
const names = { backup: '', restore: '' };

interface Phased {
  metadata: { name: string };
  status?: { phase?: string };
}

/** Two clusters, one of which is not reached, good backups and a failed one, a suspended configuration, a restore that is over and one that failed. */
async function fill(): Promise<void> {
  await serve.makeProject('demo');
  await serve.make('EtcdCluster', 'etcdclusters', 'prod', { runtime: 'local', replicas: 3 });
  await serve.make('EtcdCluster', 'etcdclusters', 'far-away', { runtime: 'external', endpoints: ['http://127.0.0.1:1'] });
  const running = async (name: string) => (await serve.get<Phased>('etcdclusters', name)).status?.phase === 'Running';
  await until('prod runs', () => running('prod'));
  const completed = async (plural: string, name: string) => (await serve.get<Phased>(plural, name)).status?.phase === 'Completed';
  for (let i = 0; i < 3; i += 1) {
    await serve.etcdctl('prod', ['put', `key-${i}`, 'x'.repeat(2000 * (i + 1))]);
    await serve.make('EtcdBackup', 'etcdbackups', `before-upgrade-${i}`, { cluster: { name: 'prod' }, pinned: i === 0 });
    await until('a backup is completed', () => completed('etcdbackups', `before-upgrade-${i}`));
  }
  names.backup = 'before-upgrade-2';
  await serve.make('EtcdBackupConfig', 'etcdbackupconfigs', 'weekend', { cluster: { name: 'prod' }, schedule: '0 22 * * 6', timeZone: 'Europe/Berlin', keep: 8, suspend: true });
  await serve.make('EtcdRestore', 'etcdrestores', 'after-the-mistake', { cluster: { name: 'prod' }, backup: { name: 'before-upgrade-1' } });
  names.restore = 'after-the-mistake';
  await until('the restore is over', () => completed('etcdrestores', 'after-the-mistake'));
  // A backup whose files are gone, a restore from it, and a backup of what nobody reaches.
  const spare = join(serve.dir, 'spare');
  mkdirSync(spare);
  const secret = { name: 'spare-key', namespace: 'tresor-system' };
  await serve.call('/api/v1/namespaces/tresor-system/secrets', 'POST', { apiVersion: 'v1', kind: 'Secret', metadata: secret, data: { key: Buffer.from('5a'.repeat(32)).toString('base64') } });
  await serve.call('/apis/tresor.dev/v1/backupdestinations', 'POST', {
    apiVersion: 'tresor.dev/v1', kind: 'BackupDestination', metadata: { name: 'spare' }, spec: { local: { path: spare }, encryption: { keySecretRef: secret } },
  });
  await serve.make('EtcdBackup', 'etcdbackups', 'on-spare-disk', { cluster: { name: 'prod' }, destination: 'spare' });
  await until('a backup is completed', () => completed('etcdbackups', 'on-spare-disk'));
  rmSync(spare, { recursive: true });
  await serve.make('EtcdRestore', 'etcdrestores', 'disk-lost', { cluster: { name: 'prod' }, backup: { name: 'on-spare-disk' } });
  const soon = new Date(Date.now() + 3000).toISOString().replace(/\.\d+Z/, 'Z');
  await serve.call('/apis/tresor.dev/v1/namespaces/demo/etcdbackups', 'POST', {
    apiVersion: 'tresor.dev/v1', kind: 'EtcdBackup', metadata: { name: 'in-vain', annotations: { 'tresor.dev/try-until': soon } }, spec: { cluster: { name: 'far-away' } },
  });
  const failed = async (plural: string, name: string) => (await serve.get<Phased>(plural, name)).status?.phase === 'Failed';
  await until('the restore has failed', () => failed('etcdrestores', 'disk-lost'));
  await until('the backup has failed', () => failed('etcdbackups', 'in-vain'));
  await until('prod runs again', () => running('prod'));
  await serve.make('EtcdBackup', 'etcdbackups', 'just-now', { cluster: { name: 'prod' } });
  await until('a backup is completed', () => completed('etcdbackups', 'just-now'));
}

beforeAll(async () => {
  [browser, serve] = await Promise.all([launch(), Serve.start()]);
  await fill();
});
afterAll(async () => {
  await browser?.close();
  await serve?.stop();
});

async function open(name: string, options: PageOptions, logIn = true): Promise<Person> {
  const person = await Person.open(browser, serve.url, options);
  onTestFailed(() => person.tell(name, serve.log()));
  onTestFinished(() => person.close());
  if (logIn) await person.logIn(serve.password);
  return person;
}

const screens = (): [name: string, path: string][] => [
  ['projects', '/projects'],
  ['all-clusters', '/overview'],
  ['overview', '/projects/demo'],
  ['clusters', '/projects/demo/clusters'],
  ['cluster', '/projects/demo/clusters/prod'],
  ['automatic-backups', '/projects/demo/automatic-backups'],
  ['automatic-backup', '/projects/demo/automatic-backups/weekend'],
  ['backups', '/projects/demo/backups'],
  ['backup', `/projects/demo/backups/${names.backup}`],
  ['backup-failed', '/projects/demo/backups/in-vain'],
  ['restores', '/projects/demo/restores'],
  ['restore', `/projects/demo/restores/${names.restore}`],
  ['restore-failed', '/projects/demo/restores/disk-lost'],
  ['cluster-unreachable', '/projects/demo/clusters/far-away'],
  ['activity', '/projects/demo/activity'],
  ['destinations', '/admin/destinations'],
  ['settings', '/admin/settings'],
  ['health', '/admin/health'],
  ['empty', '/projects/default/automatic-backups'],
  ['gone', '/projects/demo/clusters/nothing'],
];

/** Within the page, as people go: the session and what is live stay. */
async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    window.history.pushState(null, '', to);
  }, path);
  await page.locator('#main h1').waitFor();
  await page.waitForFunction(() => document.querySelector('main [aria-busy]') === null);
  await sleep(150);
}

const allLooks: [name: string, options: PageOptions][] = (['en', 'de'] as const).flatMap((language) =>
  [360, 768, 1440].flatMap((width) => [false, true].map((dark): [string, PageOptions] => [`${language}-${width}-${dark ? 'dark' : 'light'}`, { language, width, dark }])),
);

// Each language, width, scheme at least once; all of them with scripts/test --slow.
const looks = process.env.TRESOR_SLOW ? allLooks : allLooks.filter(([name]) => ['en-1440-light', 'de-360-dark', 'de-768-light'].includes(name));

describe('every screen', () => {
  it.each(looks)('%s', async (look, options) => {
    const { page, errors } = await open(look, options, false);
    await page.goto('/');
    await page.locator('h1').waitFor();
    await expectAccessible(page, `login ${look}`);
    await picture(page, `${look}-login`);
    await page.locator('input[type=password]').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.locator('#main h1').waitFor();
    for (const [name, path] of screens()) {
      await goTo(page, path);
      await picture(page, `${look}-${name}`);
      await expectFits(page, `${name} ${look}`);
      await expectTranslated(page, `${name} ${look}`);
      // The same parts are everywhere: one width in each scheme and language says enough.
      if (options.width !== 768) await expectAccessible(page, `${name} ${look}`);
    }
    expect(errors).toEqual([]);
  });
});

describe('every dialog', () => {
  const words = {
    en: {
      addCluster: 'Add Cluster', external: /runs elsewhere/, addConfig: 'Add Automatic Backup', custom: /Custom/, cron: 'Interval or cron', name: 'Name', keep: 'Backups to keep', taken: 'There is one of that name already.',
      characters: /Small letters, digits and dashes only/, number: 'A whole number.', restore: 'Restore', submit: 'Restore', deleteButton: 'Delete', endpoints: /Client URLs/, test: 'Test the connection', notReached: 'No healthy member answers', connect: 'Connect',
      addDestination: 'Add Destination', addProject: 'Add Project', add: 'Add', newCluster: 'A new cluster', menu: 'Navigation', directory: 'Directory', path: 'An absolute path without a slash at its end.', edit: 'Edit', save: 'Save', atLeast: 'At least 1', deleteSelected: 'Delete 2 selected', count: 'Number',
    },
    de: {
      addCluster: 'Cluster hinzufügen', external: /anderswo läuft/, addConfig: 'Automatisches Backup hinzufügen', custom: /Eigener Zeitplan/, cron: 'Intervall oder Cron-Ausdruck', name: 'Name', keep: 'Anzahl behaltener Backups', taken: 'Diesen Namen gibt es schon.',
      characters: /Nur Kleinbuchstaben, Ziffern und Bindestriche/, number: 'Eine ganze Zahl.', restore: 'Wiederherstellen', submit: 'Wiederherstellen', deleteButton: 'Löschen', endpoints: /Client-URLs/, test: 'Verbindung testen', notReached: 'Kein gesunder Member antwortet', connect: 'Verbinden',
      addDestination: 'Backup-Ziel hinzufügen', addProject: 'Projekt hinzufügen', add: 'Hinzufügen', newCluster: 'In einen neuen Cluster', menu: 'Navigation', directory: 'Verzeichnis', path: 'Ein absoluter Pfad ohne Schrägstrich am Ende.', edit: 'Bearbeiten', save: 'Speichern', atLeast: 'Mindestens 1', deleteSelected: '2 ausgewählte löschen', count: 'Anzahl',
    },
  };

  it.each([['en', 1440], ['de', 360]] as const)('takes good input and says what is wrong with bad: %s, %d px', async (language, width) => {
    const word = words[language];
    const person = await open(`dialogs-${language}`, { language, width, dark: language === 'de' });
    const { page } = person;
    const dialog = page.getByRole('dialog');
    const look = async (name: string) => {
      await (name === 'menu' ? page.getByRole('navigation').filter({ visible: true }) : dialog).waitFor();
      await sleep(100);
      await picture(page, `dialog-${language}-${name}`);
      await expectAccessible(page, `dialog ${name} ${language}`);
      await expectTranslated(page, `dialog ${name} ${language}`);
      await expectFits(page, `dialog ${name} ${language}`);
    };
    const close = async () => {
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    };

    // A project.
    await goTo(page, '/projects');
    await page.getByRole('button', { name: word.addProject }).click();
    await dialog.getByLabel(word.name).fill('Ümläut');
    await dialog.getByText(word.characters).waitFor();
    await dialog.getByLabel(word.name).fill('demo');
    await dialog.getByText(word.taken).waitFor();
    await look('project');
    await close();

    // A cluster that is not there cannot be connected.
    await goTo(page, '/projects/demo/clusters');
    await page.getByRole('button', { name: word.addCluster }).click();
    await dialog.getByLabel(word.name).fill('prod');
    await dialog.getByText(word.taken).waitFor();
    await look('cluster');
    await dialog.getByRole('radio', { name: word.external }).click();
    await dialog.getByLabel(word.name).fill('other');
    await dialog.getByLabel(word.endpoints).fill('ftp://nowhere');
    await dialog.getByText('ftp://nowhere', { exact: false }).last().waitFor();
    await dialog.getByLabel(word.endpoints).fill('http://127.0.0.1:1');
    expect(await dialog.getByRole('button', { name: word.connect, exact: true }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: word.test }).click();
    await dialog.getByText(word.notReached).waitFor({ timeout: 30_000 });
    expect(await dialog.getByRole('button', { name: word.connect, exact: true }).isDisabled()).toBe(true);
    await look('connect');
    await close();

    // A schedule that the server cannot read, or a number out of range.
    await goTo(page, '/projects/demo/automatic-backups');
    await page.getByRole('button', { name: word.addConfig }).click();
    await look('automatic-backup');
    await dialog.getByRole('combobox').first().click();
    await page.getByRole('option', { name: 'prod' }).click();
    await dialog.getByRole('textbox', { name: word.name }).fill('weekend');
    await dialog.getByText(word.taken).waitFor();
    await dialog.getByRole('textbox', { name: word.name }).fill(`nightly-${language}`);
    await dialog.getByRole('radio', { name: word.custom }).click();
    await dialog.getByRole('textbox', { name: word.cron }).fill('61 * * * *');
    const add = dialog.getByRole('button', { name: word.add, exact: true });
    await dialog.getByText(/61 (is not within|liegt nicht in) 0-59/).first().waitFor();
    expect(await add.isDisabled()).toBe(true);
    await look('bad-schedule');
    await dialog.getByRole('textbox', { name: word.cron }).fill('@every 90m');
    await dialog.getByRole('textbox', { name: word.keep }).fill('5000');
    await dialog.getByText(/1000/).filter({ visible: true }).last().waitFor();
    await expect.poll(() => add.isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: word.keep }).fill('many');
    await dialog.getByText(word.number).waitFor();
    await dialog.getByRole('textbox', { name: word.keep }).fill('5');
    await expect.poll(() => add.isEnabled()).toBe(true);
    await add.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: `nightly-${language}` }).waitFor();

    // Deleting it says what happens to its backups; a restore into a new cluster says what it will be.
    await goTo(page, `/projects/demo/automatic-backups/nightly-${language}`);
    await page.getByRole('button', { name: word.deleteButton }).click();
    await look('delete');
    await dialog.getByRole('button', { name: word.deleteButton }).click();
    await dialog.waitFor({ state: 'detached' });
    await goTo(page, `/projects/demo/backups/${names.backup}`);
    await page.getByRole('button', { name: word.restore, exact: true }).click();
    await look('restore');
    await dialog.getByRole('radio', { name: word.newCluster }).click();
    expect(await dialog.getByRole('button', { name: word.submit, exact: true }).isDisabled()).toBe(true);
    await look('restore-new');
    await close();

    await goTo(page, '/admin/destinations');
    await page.getByRole('button', { name: word.addDestination }).click();
    await dialog.getByLabel(word.name, { exact: true }).fill('default');
    await dialog.getByText(word.taken).waitFor();
    await dialog.getByLabel(word.directory).fill('backups/here/');
    await dialog.getByText(word.path).waitFor();
    await look('destination');
    await close();

    // Editing judges as adding does; deleting many wants their number.
    await goTo(page, '/projects/demo/automatic-backups/weekend');
    await page.getByRole('button', { name: word.edit }).click();
    await dialog.getByRole('textbox', { name: word.keep }).fill('0');
    await expect.poll(() => dialog.getByRole('button', { name: word.save }).isDisabled()).toBe(true);
    await dialog.getByText(word.atLeast).waitFor();
    await look('edit');
    await close();
    await goTo(page, '/projects/demo/backups');
    await page.getByRole('checkbox', { name: /before-upgrade-0/ }).check();
    await page.getByRole('checkbox', { name: /before-upgrade-1/ }).check();
    await page.getByRole('button', { name: word.deleteSelected }).click();
    await dialog.getByLabel(word.count).fill('3');
    expect(await dialog.getByRole('button', { name: word.deleteButton }).isDisabled()).toBe(true);
    await dialog.getByLabel(word.count).fill('2');
    expect(await dialog.getByRole('button', { name: word.deleteButton }).isEnabled()).toBe(true);
    await look('delete-many');
    await close();
    if (width < 600) {
      await page.getByRole('button', { name: word.menu }).click();
      await page.getByRole('navigation').filter({ visible: true }).waitFor();
      await look('menu');
    }
    expect(person.errors).toEqual([]);
  });
});

describe('a list', () => {
  it('is as it was after going back, a reload, and for whoever gets its address', async () => {
    const { page, errors } = await open('address', {});
    const rows = page.locator('tbody tr[data-index]');
    const names = () => page.locator('tbody tr[data-index] td:nth-child(2) a').allTextContents();
    await goTo(page, '/projects/demo/backups');
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'Completed' }).click();
    await page.getByRole('combobox', { name: 'Cluster' }).click();
    await page.getByRole('option', { name: 'prod' }).click();
    await page.getByRole('button', { name: 'Name', exact: true }).click();
    await page.getByRole('button', { name: 'Name', exact: true }).click();
    await page.getByRole('searchbox').fill('upgrade');
    await expect.poll(() => new URL(page.url()).search).toBe('?state=Completed&cluster=prod&sort=-name&search=upgrade');
    const wanted = ['before-upgrade-2', 'before-upgrade-1', 'before-upgrade-0'];
    expect(await names()).toEqual(wanted);
    const isAsItWas = async () => {
      await page.getByRole('heading', { name: 'Backups', exact: true }).waitFor();
      await expect.poll(names).toEqual(wanted);
      expect(await page.getByRole('searchbox').inputValue()).toBe('upgrade');
      expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
    };
    await rows.first().getByRole('link').first().click();
    await page.getByRole('heading', { name: 'before-upgrade-2' }).waitFor();
    await page.goBack();
    await isAsItWas();
    await page.getByRole('link', { name: 'before-upgrade-1' }).click();
    await page.getByRole('link', { name: '← Backups' }).click();
    await isAsItWas();
    await page.reload();
    await isAsItWas();
    // What nobody offers does no harm.
    await page.goto('/projects/demo/backups?state=Perhaps&sort=nothing&cluster=gone');
    await page.getByText('No backup matches this choice').waitFor();
    await page.getByRole('combobox', { name: 'Cluster' }).click();
    await page.getByRole('option', { name: 'All', exact: true }).click();
    await page.getByRole('link', { name: 'just-now' }).waitFor();
    await goTo(page, '/projects/demo/activity?type=Warning');
    expect(await page.getByRole('switch').isChecked()).toBe(true);
    expect(errors).toEqual([]);
  });
});
