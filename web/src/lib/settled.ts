// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'react';

/** `value`, as soon as it has not changed for a while: what somebody types is not asked about letter by letter. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return milliseconds === 0 ? value : settled;
}
