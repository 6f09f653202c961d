// SPDX-License-Identifier: Apache-2.0
import { call } from '../api/client';

/** GET /page/settings; docs/api.md. */
export interface Settings {
  version: string;
  startTime: string;
  dataDir: string;
  defaultSchedule: string;
  defaultKeep: number;
  maxParallelBackups: number;
  memoryLimitBytes: number;
}
export const fetchSettings = (): Promise<Settings> => call('/page/settings');
