// SPDX-License-Identifier: Apache-2.0
// Requests to the server: JSON in, JSON out, errors as the API words them.
import type { KubeObject, StatusObject } from './meta';

/** What the API refused, or that it was not reached at all (`code` 0). */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly causes: { field: string; message: string }[] = [],
  ) {
    super(message);
  }
}

let csrfToken = '';
let onUnauthorized = () => {};
export function configureClient(token: string, unauthorized: () => void): void {
  csrfToken = token;
  onUnauthorized = unauthorized;
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as Partial<StatusObject>;
    const causes = (body.details?.causes ?? []).map((cause) => ({ field: cause.field ?? '', message: cause.message ?? '' }));
    return new ApiError(response.status, body.reason ?? '', body.message ?? response.statusText, causes);
  } catch {
    return new ApiError(response.status, '', text || response.statusText);
  }
}

export interface CallOptions {
  method?: string;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** The response as it comes; throws an ApiError when it is none of success. */
export async function send(path: string, options: CallOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const method = options.method ?? 'GET';
  if (options.body !== undefined) headers['Content-Type'] = options.contentType ?? 'application/json';
  if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'Unreachable', '');
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.code === 401 && path !== '/login') onUnauthorized();
  throw error;
}

export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(path, options);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

// --- objects

export type Resource =
  | 'namespaces' | 'secrets' | 'events'
  | 'etcdclusters' | 'etcdbackupconfigs' | 'etcdbackups' | 'etcdrestores' | 'backupdestinations';

const builtIn = new Set<Resource>(['namespaces', 'secrets', 'events']);
export const groupOf = (resource: Resource): string => (builtIn.has(resource) ? '' : 'tresor.dev');

/** "…/namespaces/demo/etcdclusters/prod" */
export function pathOf(resource: Resource, namespace?: string, name?: string): string {
  let path = builtIn.has(resource) ? '/api/v1' : '/apis/tresor.dev/v1';
  if (namespace) path += `/namespaces/${encodeURIComponent(namespace)}`;
  path += `/${resource}`;
  return name ? `${path}/${encodeURIComponent(name)}` : path;
}

export interface ListOf<T> {
  items: T[];
  metadata: { resourceVersion: string };
}

export const getObject = <T>(resource: Resource, namespace: string | undefined, name: string): Promise<T> =>
  call<T>(pathOf(resource, namespace, name));
export const listObjects = <T>(resource: Resource, namespace?: string): Promise<ListOf<T>> => call(pathOf(resource, namespace));

export const createObject = <T extends KubeObject>(resource: Resource, object: T, dryRun = false, signal?: AbortSignal): Promise<T> =>
  call<T>(pathOf(resource, object.metadata.namespace) + (dryRun ? '?dryRun=All' : ''), { method: 'POST', body: object, signal });

export const patchObject = <T>(resource: Resource, namespace: string | undefined, name: string, patch: unknown, dryRun = false, signal?: AbortSignal): Promise<T> =>
  call<T>(pathOf(resource, namespace, name) + (dryRun ? '?dryRun=All' : ''), {
    method: 'PATCH', body: patch, contentType: 'application/merge-patch+json', signal,
  });

export const deleteObject = (resource: Resource, namespace: string | undefined, name: string): Promise<unknown> =>
  call(pathOf(resource, namespace, name), { method: 'DELETE' });
