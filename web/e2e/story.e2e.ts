// SPDX-License-Identifier: Apache-2.0
// The product's story, in the page: a cluster is backed up by itself, somebody adds a schedule, restores a backup, nobody
// can touch the cluster meanwhile, and its data is back. Once by mouse in English, once by keyboard in German.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { expectAccessible, launch, Person, picture } from './browser';
import { Serve, until } from './serve';

let browser: Browser;
let serve: Serve;
let person: Person;

beforeAll(async () => {
  [browser, serve] = await Promise.all([launch(), Serve.start(['--default-schedule', '* * * * *'])]);
});
afterAll(async () => {
  await browser?.close();
  await serve?.stop();
});

async function open(language: 'en' | 'de'): Promise<Page> {
  person = await Person.open(browser, serve.url, { language, width: 1280 });
  const { page } = person;
  const mine = person;
  onTestFailed(() => mine.tell(`story-${language}`, serve.log()));
  onTestFinished(() => mine.close());
  return page;
}

interface Cluster {
  status?: { phase?: string; activeRestore?: string };
}

describe('the story', () => {
  it('by mouse, in English', async () => {
    const page = await open('en');
    await person.logIn(serve.password);

    // A project and a cluster, from nothing.
    await page.getByRole('navigation').getByRole('link', { name: 'Projects' }).click();
    await picture(page, 'story-1-projects');
    await page.getByRole('button', { name: 'Add Project' }).click();
    await page.getByLabel('Name').fill('shop');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('No clusters yet').waitFor();
    await page.getByRole('button', { name: 'Add Cluster' }).click();
    await page.getByLabel('Name').fill('prod');
    await picture(page, 'story-2-add-cluster', 'add-cluster');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'prod' }).waitFor();
    await page.getByText('Running', { exact: true }).filter({ visible: true }).first().waitFor({ timeout: 60_000 });
    await serve.etcdctl('prod', ['put', 'greeting', 'hello'], 'shop');

    // Default backups are there, and complete.
    await page.getByRole('navigation').getByRole('link', { name: 'Automatic Backups' }).click();
    await page.getByRole('link', { name: 'default-backups' }).click();
    await page.getByRole('heading', { name: 'default-backups' }).waitFor();
    await page.getByText('Completed', { exact: true }).filter({ visible: true }).first().waitFor({ timeout: 100_000 });
    await page.getByText('Good backups exist').filter({ visible: true }).first().waitFor();
    await picture(page, 'story-3-default-backups', 'automatic-backup');

    // One more schedule.
    await page.getByRole('navigation').getByRole('link', { name: 'Automatic Backups' }).click();
    await page.getByRole('button', { name: 'Add Automatic Backup' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('nightly');
    await page.getByRole('radio', { name: /Custom/ }).click();
    await page.getByRole('textbox', { name: 'Interval or cron' }).fill('30 2 * * MON-FRI');
    await page.getByText('Monday to Friday at 02:30').waitFor();
    await expect.poll(() => page.locator('ol li time').count()).toBe(5);
    await picture(page, 'story-4-add-automatic-backup', 'add-automatic-backup');
    await expectAccessible(page, 'Add Automatic Backup');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('link', { name: 'nightly' }).waitFor();

    // A backup of what is there now; then what is to be lost.
    await page.getByRole('navigation').getByRole('link', { name: 'Backups', exact: true }).click();
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('menuitem', { name: 'prod' }).click();
    const row = page.getByRole('row', { name: /prod-now/ });
    await row.getByText('Completed').filter({ visible: true }).waitFor({ timeout: 60_000 });
    await serve.etcdctl('prod', ['put', 'greeting', 'gone'], 'shop');
    await serve.etcdctl('prod', ['put', 'later', 'gone'], 'shop');
    await row.getByRole('link').first().click();
    await page.getByText('Every check passed').waitFor();
    await picture(page, 'story-5-backup', 'backup');

    // Restore it.
    await page.getByRole('button', { name: 'Restore' }).click();
    const submit = page.getByRole('dialog').getByRole('button', { name: 'Restore' });
    await page.getByText('What will be lost').waitFor();
    expect(await submit.isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Name' }).fill('pro');
    expect(await submit.isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Name' }).fill('prod');
    await picture(page, 'story-6-restore-dialog', 'restore-dialog');
    await submit.click();
    await page.getByRole('heading', { name: 'Restore of prod' }).waitFor();

    // Nobody can touch it meanwhile, and the page says so before the API does.
    await until('the restore has the cluster', async () => (await serve.get<Cluster>('etcdclusters', 'prod', 'shop')).status?.activeRestore);
    await page.goto('/projects/shop/clusters/prod');
    await page.getByText('Cluster prod is being restored').filter({ visible: true }).first().waitFor();
    expect(await page.getByRole('button', { name: 'Back up now' }).getAttribute('aria-disabled')).toBe('true');
    expect(await page.getByRole('button', { name: 'Delete' }).getAttribute('aria-disabled')).toBe('true');
    await picture(page, 'story-7-restoring', 'restoring');
    await expectAccessible(page, 'a cluster that is being restored');
    await page.getByRole('link', { name: 'Follow the restore' }).first().click();
    await page.getByText('all members were compared with it').waitFor({ timeout: 100_000 });
    await picture(page, 'story-8-completed', 'restored');
    await expectAccessible(page, 'a completed restore');

    expect(await serve.etcdctl('prod', ['get', 'greeting', '--print-value-only'], 'shop')).toBe('hello');
    expect(await serve.etcdctl('prod', ['get', 'later'], 'shop')).toBe('');
    await page.getByRole('link', { name: 'To the cluster' }).click();
    await page.getByText('Running', { exact: true }).filter({ visible: true }).first().waitFor();
    expect(await page.getByRole('button', { name: 'Back up now' }).getAttribute('aria-disabled')).toBeNull();
    expect(person.errors).toEqual([]);
  });

  it('by keyboard, in German', async () => {
    const page = await open('de');
    const { keyboard } = page;
    /** Goes on by Tab until what has the focus is called so. */
    const tabTo = async (name: RegExp, back = false) => {
      for (let i = 0; i < 90; i += 1) {
        const focused = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement | null;
          if (!element || element === document.body) return '';
          const labels = (element as HTMLInputElement).labels;
          return `${element.getAttribute('aria-label') ?? ''} ${labels ? [...labels].map((label) => label.textContent).join(' ') : ''} ${element.textContent ?? ''}`.trim();
        });
        if (name.test(focused)) return;
        await keyboard.press(back ? 'Shift+Tab' : 'Tab');
      }
      throw new Error(`Tab does not get to ${name}`);
    };

    await page.goto('/');
    await page.getByRole('heading', { name: 'Anmelden' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
    await tabTo(/Passwort/);
    await keyboard.type(serve.password);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Projekte', exact: true }).waitFor();
    await page.goto('/projects/shop/clusters');
    await page.getByRole('heading', { name: 'Cluster', exact: true }).waitFor();

    // The first Tab offers to skip the navigation.
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await tabTo(/^Automatische Backups$/);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Automatische Backups' }).waitFor();
    await tabTo(/Automatisches Backup hinzufügen/);
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(/^Name/);
    await keyboard.type('wochenende');
    await tabTo(/Täglich/);
    await keyboard.press('ArrowDown'); // weekly
    await page.getByText('jeden Montag um 22:00 Uhr', { exact: false }).filter({ visible: true }).first().waitFor();
    await expect.poll(() => page.locator('ol li time').count()).toBe(5);
    await picture(page, 'story-de-add', 'add-automatic-backup.de');
    await tabTo(/^Hinzufügen$/);
    await expect.poll(() => page.getByRole('button', { name: 'Hinzufügen', exact: true }).isEnabled()).toBe(true);
    await tabTo(/^Hinzufügen$/);
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'wochenende' }).waitFor();

    // Escape closes a dialog and the focus is where it was.
    await tabTo(/Automatisches Backup hinzufügen/, true);
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Automatisches Backup hinzufügen');

    // A backup by hand, then a restore of it.
    await serve.etcdctl('prod', ['put', 'greeting', 'hallo'], 'shop');
    await page.goto('/projects/shop/backups');
    await page.getByRole('heading', { name: 'Backups', exact: true }).waitFor();
    await tabTo(/Jetzt sichern/);
    await keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'prod' }).waitFor();
    await keyboard.press('Enter');
    await page.getByText('Das Backup ist angefordert').waitFor();
    const newest = await until('the backup is completed', async () => {
      const list = await serve.call<{ items: { metadata: { name: string; creationTimestamp: string }; status?: { phase?: string } }[] }>('/apis/tresor.dev/v1/namespaces/shop/etcdbackups');
      const byHand = list.items.filter((one) => one.metadata.name.startsWith('prod-now-')).sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp)).pop();
      return byHand?.status?.phase === 'Completed' && byHand.metadata.name;
    });
    await serve.etcdctl('prod', ['put', 'greeting', 'weg'], 'shop');
    await page.goto(`/projects/shop/backups/${newest}`);
    await page.getByText('Jede Prüfung wurde').waitFor();
    await tabTo(/^Wiederherstellen$/);
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.getByText('Was verloren geht').waitFor();
    await tabTo(/^Name/);
    await keyboard.type('prod');
    await picture(page, 'story-de-restore', 'restore-dialog.de');
    await tabTo(/^Wiederherstellen$/);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Wiederherstellung von prod' }).waitFor();
    await page.getByText('alle Member wurden damit verglichen').waitFor({ timeout: 100_000 });
    await picture(page, 'story-de-completed', 'restored.de');
    expect(await serve.etcdctl('prod', ['get', 'greeting', '--print-value-only'], 'shop')).toBe('hallo');
    expect(person.errors).toEqual([]);
  });
});
