// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { Collection } from './live';

const object = (name: string, version: string) => ({
  apiVersion: 'v1', kind: 'X', metadata: { name, resourceVersion: version },
});
const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, version: string) => ({ watch: 0, type, object: object(name, version) });
const bookmark = (version: string, end = false) => ({
  watch: 0, type: 'BOOKMARK' as const,
  object: { apiVersion: 'v1', kind: 'X', metadata: { name: '', resourceVersion: version, annotations: end ? { 'k8s.io/initial-events-end': 'true' } : undefined } },
});
const names = (collection: Collection) => collection.view.items.map((item) => item.metadata.name);

function filled(): Collection {
  const collection = new Collection({ resource: 'events' });
  collection.beginStream();
  collection.take(event('ADDED', 'a', '3'));
  collection.take(event('ADDED', 'b', '9'));
  collection.take(bookmark('10', true));
  collection.publish();
  return collection;
}

describe('Collection', () => {
  it('shows nothing until its first list is whole', () => {
    const collection = new Collection({ resource: 'events' });
    collection.beginStream();
    collection.take(event('ADDED', 'a', '3'));
    collection.publish();
    expect(collection.view.ready).toBe(false);
    collection.take(bookmark('10', true));
    collection.publish();
    expect(collection.view.ready).toBe(true);
    expect(names(collection)).toEqual(['a']);
  });

  it('goes on from the list, then from each change and bookmark', () => {
    const collection = filled();
    expect(collection.version).toBe('10');
    collection.take(event('MODIFIED', 'a', '12'));
    expect(collection.version).toBe('12');
    collection.take(bookmark('20'));
    expect(collection.version).toBe('20');
  });

  it('takes changes and deletions', () => {
    const collection = filled();
    collection.take(event('ADDED', 'c', '11'));
    collection.take(event('DELETED', 'a', '12'));
    collection.publish();
    expect(names(collection)).toEqual(['b', 'c']);
  });

  it('keeps what it shows until a new list is whole, and then leaves no ghosts', () => {
    const collection = filled();
    collection.restart();
    collection.beginStream();
    expect(collection.version).toBe('');
    collection.take(event('ADDED', 'b', '9'));
    collection.publish();
    expect(names(collection)).toEqual(['a', 'b']);
    collection.take(bookmark('30', true));
    collection.publish();
    expect(names(collection)).toEqual(['b']);
  });

  it('begins a list anew when the stream broke in its middle', () => {
    const collection = new Collection({ resource: 'events' });
    collection.beginStream();
    collection.take(event('ADDED', 'gone', '3'));
    collection.beginStream();
    collection.take(event('ADDED', 'a', '4'));
    collection.take(bookmark('10', true));
    collection.publish();
    expect(names(collection)).toEqual(['a']);
  });

  it('tells its listeners once for many events, and not for bookmarks', () => {
    const collection = filled();
    let calls = 0;
    collection.listeners.add(() => (calls += 1));
    collection.take(event('ADDED', 'c', '11'));
    collection.take(event('ADDED', 'd', '12'));
    collection.publish();
    collection.take(bookmark('20'));
    collection.publish();
    expect(calls).toBe(1);
  });
});
