// SPDX-License-Identifier: Apache-2.0
// What a list shows of all that it has lies in its address: a link, a reload and going back show the same again.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useLocation, useSearch, useSearchParams } from 'wouter';
import { useSettled } from './settled';

/** One parameter of the address; '' is none. It takes the place of what was there: going back leaves the list. */
export function useAddress(name: string): [value: string, change: (value: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  const change = useCallback(
    (value: string) => setParameters((now) => {
      const next = new URLSearchParams(now);
      if (value === '') next.delete(name);
      else next.set(name, value);
      return next;
    }, { replace: true }),
    [name, setParameters],
  );
  return [parameters.get(name) ?? '', change];
}

/** The same for what is typed: browsers take no change of the address with each letter. */
export function useTypedAddress(name: string): [value: string, change: (value: string) => void] {
  const [kept, keep] = useAddress(name);
  const [text, setText] = useState(kept);
  const known = useRef(kept);
  const settled = useSettled(text, 250);
  useEffect(() => {
    if (settled === known.current) return;
    known.current = settled;
    keep(settled);
  }, [settled, keep]);
  useEffect(() => {
    if (kept === known.current) return;
    known.current = kept;
    setText(kept);
  }, [kept]);
  return [text, setText];
}

const last = new Map<string, string>();
/** Remembers how each list was left… */
export function useRememberedAddress(): void {
  const [location] = useLocation();
  const search = useSearch();
  useEffect(() => void last.set(location, search), [location, search]);
}
/** …for the way back to it. */
export const asLeft = (path: string): string => (last.get(path) ? `${path}?${last.get(path)}` : path);
