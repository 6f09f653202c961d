// SPDX-License-Identifier: Apache-2.0
// Live collections: what the page shows is what the server has, by one watch for all of it.
//
// Browsers open six connections to a host over HTTP/1.1, for all tabs together. So a tab has one stream, /page/watch,
// that carries every kind it shows, and a tab that nobody looks at gives its stream back. Coming back, it goes on from
// the versions it had; when the server does not remember those any more (410) it sends everything anew.
import { useCallback, useSyncExternalStore } from 'react';
import { ApiError, groupOf, send, type Resource } from './client';
import type { KubeObject } from './meta';
import { endSession, sessionStore } from './session';
import { Store } from './store';

export interface Wanted {
  resource: Resource;
  namespace?: string; // none: all
  fieldSelector?: string;
  /** Paths to send; none: whole objects. */
  fields?: string;
}

export type Connection = 'connecting' | 'live' | 'broken';

interface Event {
  watch: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject & { code?: number };
}

export interface View<T> {
  items: readonly T[];
  /** Everything that is there has come once. */
  ready: boolean;
}

const alwaysNeeded = 'metadata.name,metadata.namespace,metadata.uid,metadata.resourceVersion,metadata.creationTimestamp,metadata.deletionTimestamp';
const keyOfObject = (object: KubeObject) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/** What is known of one thing that is wanted. Pure: events in, a view out. */
export class Collection {
  version = '';
  view: View<KubeObject> = { items: [], ready: false };
  users = 0;
  unusedSince = Date.now();
  readonly listeners = new Set<() => void>();
  private objects = new Map<string, KubeObject>();
  /** A list that comes anew: it takes the place of `objects` when it is whole. */
  private incoming: Map<string, KubeObject> | undefined = new Map();
  private changed = false;

  constructor(readonly wanted: Wanted) {}

  get resourceName(): string {
    const group = groupOf(this.wanted.resource);
    return group ? `${this.wanted.resource}.${group}` : this.wanted.resource;
  }

  /** From nothing again; what is shown stays until the new list is whole. */
  restart(): void {
    this.version = '';
    this.incoming = new Map();
  }

  /** A stream without a version sends all first: half a list of before would leave ghosts. */
  beginStream(): void {
    if (this.version === '') this.incoming = new Map();
  }

  take(event: Event): void {
    const { object } = event;
    const target = this.incoming ?? this.objects;
    if (event.type === 'ADDED' || event.type === 'MODIFIED') target.set(keyOfObject(object), object);
    else if (event.type === 'DELETED') target.delete(keyOfObject(object));
    else if (event.type === 'BOOKMARK' && this.incoming && object.metadata.annotations?.['k8s.io/initial-events-end']) {
      this.objects = this.incoming;
      this.incoming = undefined;
      this.changed = true;
    }
    // The versions of a list are of its objects, not of the list.
    if (!this.incoming) {
      this.version = object.metadata.resourceVersion ?? this.version;
      this.changed ||= event.type !== 'BOOKMARK';
    }
  }

  /** Tells whoever looks, once for many events. */
  publish(): void {
    if (!this.changed) return;
    this.changed = false;
    this.view = { items: [...this.objects.values()], ready: true };
    this.listeners.forEach((listener) => listener());
  }
}

const retryMilliseconds = [300, 1000, 2000, 4000, 8000];
const silenceMilliseconds = 30_000; // bookmarks come every 10 s
// Who goes back to a screen finds it as it is, and not empty. The server takes 32 watches in one stream.
const keptUnused = 8;
const forgetMilliseconds = 60_000;
const hiddenMilliseconds = 20_000;
const patienceMilliseconds = 2000; // a new stream within this time is no interruption

class Live {
  readonly connection = new Store<Connection>('connecting');
  private readonly collections = new Map<string, Collection>();
  private abort: AbortController | undefined;
  private scheduled: number | undefined;
  private failures = 0;
  private doubt: number | undefined;
  private watchdog: number | undefined;
  private hiddenTimer: number | undefined;
  private asleep = false;

  start(): void {
    document.addEventListener('visibilitychange', () => this.onVisibility());
    window.addEventListener('online', () => this.soon(0));
    sessionStore.subscribe(() => {
      if (sessionStore.get().kind === 'in') this.soon(0);
      else this.stop();
    });
  }

  use(wanted: Wanted): Collection {
    const key = JSON.stringify([wanted.resource, wanted.namespace, wanted.fieldSelector, wanted.fields]);
    let collection = this.collections.get(key);
    if (!collection) {
      collection = new Collection(wanted);
      this.collections.set(key, collection);
      this.soon(10);
    }
    return collection;
  }

  retry(): void {
    this.failures = 0;
    this.soon(0);
  }

  private stop(): void {
    this.abort?.abort();
    this.abort = undefined;
    window.clearTimeout(this.scheduled);
    this.scheduled = undefined;
  }

  private onVisibility(): void {
    window.clearTimeout(this.hiddenTimer);
    if (document.visibilityState === 'hidden') {
      this.hiddenTimer = window.setTimeout(() => {
        this.asleep = true;
        this.stop();
      }, hiddenMilliseconds);
    } else if (this.asleep) {
      this.asleep = false;
      this.failures = 0;
      this.soon(0);
    }
  }

  /** A new stream, for all that is wanted by then. */
  private soon(milliseconds: number): void {
    window.clearTimeout(this.scheduled);
    this.scheduled = window.setTimeout(() => {
      this.scheduled = undefined;
      void this.run();
    }, milliseconds);
  }

  private dropUnused(): void {
    const now = Date.now();
    const unused = [...this.collections].filter(([, collection]) => collection.users === 0).sort(([, a], [, b]) => b.unusedSince - a.unusedSince);
    unused.forEach(([key, collection], i) => {
      if (i >= keptUnused || now - collection.unusedSince > forgetMilliseconds) this.collections.delete(key);
    });
  }

  private async run(): Promise<void> {
    this.abort?.abort();
    if (this.asleep || sessionStore.get().kind !== 'in') return;
    this.dropUnused();
    const collections = [...this.collections.values()];
    if (collections.length === 0) return;
    const abort = new AbortController();
    this.abort = abort;
    this.beginDoubt();
    try {
      await this.stream(collections, abort);
      if (!abort.signal.aborted) this.soon(50); // ended in order: go on
    } catch (error) {
      if (this.abort !== abort) return; // a newer one took over
      if (error instanceof ApiError && error.code === 401) {
        endSession();
        return;
      }
      if (error instanceof ApiError && error.code === 410) {
        collections.forEach((collection) => collection.restart());
        this.soon(50);
        return;
      }
      if (error instanceof ApiError && error.code !== 0) this.connection.set('broken');
      const wait = retryMilliseconds[Math.min(this.failures, retryMilliseconds.length - 1)]!;
      this.failures += 1;
      this.soon(wait * (0.75 + Math.random() / 2));
    } finally {
      window.clearTimeout(this.watchdog);
    }
  }

  private beginDoubt(): void {
    if (this.doubt !== undefined) return;
    this.doubt = window.setTimeout(() => this.connection.set('broken'), patienceMilliseconds);
  }

  private becomeLive(): void {
    window.clearTimeout(this.doubt);
    this.doubt = undefined;
    this.failures = 0;
    this.connection.set('live');
  }

  private async stream(collections: Collection[], abort: AbortController): Promise<void> {
    const parameters: string[] = [];
    for (const collection of collections) {
      const { wanted } = collection;
      const add = (name: string, value: string) => parameters.push(`${name}=${encodeURIComponent(value)}`);
      add('watch', collection.resourceName);
      if (wanted.namespace) add('namespace', wanted.namespace);
      if (wanted.fieldSelector) add('fieldSelector', wanted.fieldSelector);
      if (wanted.fields) add('fields', `${alwaysNeeded},${wanted.fields}`);
      if (collection.version) add('resourceVersion', collection.version);
      collection.beginStream();
    }
    const response = await send(`/page/watch?${parameters.join('&')}`, { signal: abort.signal });
    this.becomeLive();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    const wait = () => {
      window.clearTimeout(this.watchdog);
      this.watchdog = window.setTimeout(() => {
        // A dead connection says nothing, and neither does a dead server.
        abort.abort();
        if (this.abort === abort) {
          this.beginDoubt();
          this.soon(0);
        }
      }, silenceMilliseconds);
    };
    for (;;) {
      wait();
      const { value, done } = await reader.read();
      if (abort.signal.aborted) return;
      if (done) return;
      rest += value;
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (line) this.take(JSON.parse(line) as Event, collections);
      }
      collections.forEach((collection) => collection.publish());
    }
  }

  private take(event: Event, collections: Collection[]): void {
    const collection = collections[event.watch];
    if (!collection) return;
    if (event.type === 'ERROR') {
      collection.restart();
      return;
    }
    collection.take(event);
  }
}

export const live = new Live();

const nothing: View<never> = { items: [], ready: false };

/** The objects that are there now, and again whenever one changes. `null`: nothing is wanted. */
export function useLive<T>(wanted: Wanted | null): View<T> {
  const key = wanted ? JSON.stringify([wanted.resource, wanted.namespace, wanted.fieldSelector, wanted.fields]) : '';
  const subscribe = useCallback(
    (listener: () => void) => {
      if (!wanted) return () => {};
      const collection = live.use(wanted);
      collection.users += 1;
      collection.listeners.add(listener);
      return () => {
        collection.users -= 1;
        collection.unusedSince = Date.now();
        collection.listeners.delete(listener);
      };
    },
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key is what is wanted
    [key],
  );
  const view = useSyncExternalStore(subscribe, () => (wanted ? live.use(wanted).view : nothing));
  return view as View<T>;
}
