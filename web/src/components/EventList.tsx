// SPDX-License-Identifier: Apache-2.0
// What happened to one object, the latest first.
import Box from '@mui/material/Box';
import { useTranslation } from 'react-i18next';
import { useLive } from '../api/live';
import type { KubeEvent } from '../api/meta';
import { eventsWanted } from '../lib/wanted';
import { Section, When } from './basics';
import { EventText } from './said';
import { Status } from './status';

/** In their order: times are told to the second, versions go up with each change. */
export const eventOrder = (event: KubeEvent): string => `${eventTime(event) ?? ''} ${(event.metadata.resourceVersion ?? '').padStart(15, '0')}`;
export const eventTime = (event: KubeEvent): string | undefined => event.lastTimestamp ?? event.firstTimestamp ?? event.metadata.creationTimestamp;

export function EventList({ project, uid }: { project: string; uid: string | undefined }) {
  const { t } = useTranslation();
  const events = useLive<KubeEvent>(uid ? eventsWanted(project, uid) : null);
  const sorted = [...events.items].sort((a, b) => (eventOrder(a) < eventOrder(b) ? 1 : -1)).slice(0, 50);
  return (
    <Section title={t('activity.events')}>
      {sorted.length === 0 ? t('activity.none') : (
        <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
          {sorted.map((event) => (
            <Box component="li" key={event.metadata.name} sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr', sm: '130px 1fr 140px' }, gap: { xs: 0, sm: 1.5 }, py: 0.75, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}>
              <Status tone={event.type === 'Warning' ? 'warning' : 'neutral'} text={t(event.type === 'Warning' ? 'activity.warning' : 'activity.normal')} />
              <div><EventText event={event} /></div>
              <Box component="span" sx={{ color: 'text.secondary' }}><When time={eventTime(event)} /></Box>
            </Box>
          ))}
        </Box>
      )}
    </Section>
  );
}
