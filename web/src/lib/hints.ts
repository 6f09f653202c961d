// SPDX-License-Identifier: Apache-2.0
// What to do about an etcd that cannot be reached, by what the server says of it. hints.test.ts has what real etcd makes it
// say; e2e/connect.e2e.ts sees the most common of them.

const hints = {
  refused: /cannot connect: Connection refused/,
  unknownHost: /cannot connect: the host's name is not known/,
  unknownAuthority: /certificate verify failed/,
  otherName: /Hostname Verification Check failed|not valid for target name/,
  password: /authentication failed, invalid user ID or password/,
  userNeeded: /etcdserver: user name is empty/,
  notAllowed: /etcdserver: permission denied/,
  clientCertificate: /cannot connect: Endpoint read failed/,
  tlsOrNot: /cannot connect: Socket closed/,
  notEtcd: /an http1\.x server/,
  notPem: /not in PEM form/,
  keyMissing: /a client certificate and its key go together/,
  otherKey: /empty address list: $/,
  noAnswer: /[Dd]eadline|timed out|Timeout/,
  noRoom: /[Nn]o space left/,
} as const;
export type Hint = keyof typeof hints;

export function hintOf(message: string): Hint | undefined {
  return (Object.keys(hints) as Hint[]).find((hint) => hints[hint].test(message));
}
