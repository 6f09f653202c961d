// SPDX-License-Identifier: Apache-2.0
// What the user may do, as the API tells it: never guessed from names or groups.
import { useQuery } from '@tanstack/react-query';
import { call, groupOf, type Resource } from './client';
import { sessionStore } from './session';
import { useStore } from './store';

interface Rule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
}
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
export interface Rights {
  known: boolean;
  can: (verb: Verb, resource: Resource) => boolean;
}

export function allows(rules: Rule[], verb: Verb, resource: Resource): boolean {
  const among = (values: string[], value: string) => values.includes(value) || values.includes('*');
  return rules.some((rule) => among(rule.verbs, verb) && among(rule.apiGroups, groupOf(resource)) && among(rule.resources, resource));
}

/** In a project; none: for what belongs to no project. */
export function useRights(namespace?: string): Rights {
  const session = useStore(sessionStore);
  const user = session.kind === 'in' || session.kind === 'ended' ? session.session.user : '';
  const { data } = useQuery({
    queryKey: ['rights', user, namespace ?? ''],
    enabled: session.kind === 'in',
    staleTime: 5 * 60_000,
    queryFn: async () => {
      const review = await call<{ status: { resourceRules: Rule[] } }>('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
        method: 'POST',
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: namespace ?? '' } },
      });
      return review.status.resourceRules;
    },
  });
  return { known: data !== undefined, can: (verb, resource) => allows(data ?? [], verb, resource) };
}
