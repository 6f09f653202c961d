// SPDX-License-Identifier: Apache-2.0
// What goes wrong around an open page: the server restarts, the session ends, the password is wrong.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { expectAccessible, launch, Person, picture } from './browser';
import { Serve } from './serve';

let browser: Browser;
let serve: Serve;

beforeAll(async () => {
  [browser, serve] = await Promise.all([launch(), Serve.start()]);
  await serve.makeProject('demo');
});
afterAll(async () => {
  await browser?.close();
  await serve?.stop();
});

async function open(name: string): Promise<Person> {
  const person = await Person.open(browser, serve.url);
  onTestFailed(() => person.tell(name, serve.log()));
  onTestFinished(() => person.close());
  return person;
}

describe('an open page', () => {
  it('says that the password is wrong, and where to find it', async () => {
    const { page } = await open('wrong-password');
    await page.goto('/projects/demo/backups');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('User or password is wrong.').waitFor();
    await expectAccessible(page, 'a login that failed');
    // The link leads where it led, after the login.
    await page.getByLabel('Password').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Backups', exact: true }).waitFor();
  });

  it('sees what others do, at once', async () => {
    const { page, ...person } = await open('live');
    await page.goto('/projects/demo/automatic-backups');
    await page.getByLabel('Password').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.getByText('Every new cluster gets automatic backups by itself').waitFor();
    await serve.make('EtcdCluster', 'etcdclusters', 'elsewhere', { runtime: 'external', endpoints: ['http://127.0.0.1:1'] });
    const begun = Date.now();
    await page.getByRole('link', { name: 'default-backups' }).waitFor();
    console.log(`a change was seen after ${Date.now() - begun} ms, the server's own work included`);
    await serve.call('/apis/tresor.dev/v1/namespaces/demo/etcdbackupconfigs/default-backups', 'PATCH', { spec: { suspend: true } }, 'application/merge-patch+json');
    await page.getByText('Suspended').filter({ visible: true }).first().waitFor();
    expect(person.errors).toEqual([]);
  });

  it('survives a restart of the server, and logs in again where it was', async () => {
    const person = await open('restart');
    const { page } = person;
    await page.goto('/projects/demo/automatic-backups');
    await page.getByLabel('Password').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'default-backups' }).waitFor();

    await serve.kill();
    await page.getByText('Not live').waitFor();
    await page.getByRole('link', { name: 'default-backups' }).waitFor(); // what was known is still there
    await picture(page, 'trouble-not-live');
    await expectAccessible(page, 'a page that is not live');

    await serve.run(); // sessions live in its memory only
    await page.getByText('Your session has ended').waitFor({ timeout: 30_000 });
    await picture(page, 'trouble-session-ended');
    await expectAccessible(page, 'a session that has ended');
    await page.getByRole('dialog').getByLabel('Password').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('Not live').waitFor({ state: 'detached' });

    // Live again: what happens now is seen.
    await serve.call('/apis/tresor.dev/v1/namespaces/demo/etcdbackupconfigs/default-backups', 'PATCH', { spec: { suspend: false } }, 'application/merge-patch+json');
    await page.getByText('Suspended').filter({ visible: true }).first().waitFor({ state: 'detached' });
    expect(person.errors).toEqual([]);
  });

  it('needs little for its first screen', async () => {
    const { page } = await open('budget');
    const sizes: Promise<number>[] = [];
    page.on('requestfinished', (request) => {
      if (/\/(assets\/|tresor\.svg|projects\/)/.test(new URL(request.url()).pathname)) sizes.push(request.sizes().then((size) => size.responseBodySize));
    });
    await page.goto('/projects/demo/clusters');
    await page.getByLabel('Password').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'elsewhere' }).waitFor();
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    console.log(`login and first list: ${sizes.length} files, ${(bytes / 1024).toFixed(0)} KiB compressed`);
    expect(sizes.length).toBeGreaterThan(3);
    expect(bytes).toBeLessThan(250 * 1024);
  });

  it('keeps language and colours', async () => {
    const { page } = await open('choices');
    await page.goto('/');
    await page.getByRole('button', { name: /Auf Deutsch umschalten/ }).click();
    await page.getByRole('heading', { name: 'Anmelden' }).waitFor();
    await page.getByRole('button', { name: 'Hell oder dunkel' }).click();
    await page.getByRole('menuitemradio', { name: 'Dunkel' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'Anmelden' }).waitFor();
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.scheme])).toEqual(['de', 'dark']);
  });

  it('ends with the logout, for the next person too', async () => {
    const { page } = await open('logout');
    await page.goto('/projects/demo/backups');
    await page.getByLabel('Password').fill(serve.password);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Logged in as admin' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
});
