// SPDX-License-Identifier: Apache-2.0
// Who is logged in. The cookie is the browser's and no script can read it; the server tells the rest.
import { ApiError, call, configureClient } from './client';
import { Store } from './store';

export interface Session {
  user: string;
  groups: string[];
}
export type SessionState =
  | { kind: 'unknown' }
  | { kind: 'unreachable' }
  | { kind: 'nobody' }
  | { kind: 'in'; session: Session }
  /** Was logged in, and the page is still open: logging in again goes on where it was. */
  | { kind: 'ended'; session: Session };

export const sessionStore = new Store<SessionState>({ kind: 'unknown' });

interface Caller {
  user: string | null;
  groups?: string[];
  csrfToken?: string;
}

function enter(caller: Caller): void {
  const before = sessionStore.get();
  if (!caller.user) {
    configureClient('', () => {});
    sessionStore.set(before.kind === 'in' || before.kind === 'ended' ? { kind: 'ended', session: before.session } : { kind: 'nobody' });
    return;
  }
  configureClient(caller.csrfToken ?? '', endSession);
  sessionStore.set({ kind: 'in', session: { user: caller.user, groups: caller.groups ?? [] } });
}

export function endSession(): void {
  const now = sessionStore.get();
  if (now.kind === 'in') sessionStore.set({ kind: 'ended', session: now.session });
}

export async function findSession(): Promise<void> {
  try {
    enter(await call<Caller>('/page/session'));
  } catch {
    if (sessionStore.get().kind !== 'in') sessionStore.set({ kind: 'unreachable' });
  }
}

export async function logIn(user: string, password: string): Promise<void> {
  enter(await call<Caller>('/login', { method: 'POST', body: { user, password } }));
}

export async function logOut(): Promise<void> {
  try {
    await call('/logout', { method: 'POST' });
  } catch (error) {
    // A session that has ended already is what was wanted.
    if (!(error instanceof ApiError) || error.code !== 401) throw error;
  }
  sessionStore.set({ kind: 'nobody' });
}
