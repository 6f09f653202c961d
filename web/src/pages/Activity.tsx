// SPDX-License-Identifier: Apache-2.0
import FormControlLabel from '@mui/material/FormControlLabel';
import Switch from '@mui/material/Switch';
import { useTranslation } from 'react-i18next';
import type { ProjectProps } from '../App';
import { useLive } from '../api/live';
import type { KubeEvent } from '../api/meta';
import { Code, Empty, Link, Loading, PageHeader, When } from '../components/basics';
import { EventText } from '../components/said';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { eventOrder, eventTime } from '../components/EventList';
import { Status } from '../components/status';
import { useAddress } from '../lib/address';
import { eventsWanted } from '../lib/wanted';

const places: Record<string, string> = { EtcdCluster: 'clusters', EtcdBackupConfig: 'automatic-backups', EtcdBackup: 'backups', EtcdRestore: 'restores' };

export default function Activity({ project }: ProjectProps) {
  const { t } = useTranslation();
  const events = useLive<KubeEvent>(eventsWanted(project));
  const [type, setType] = useAddress('type');
  const warnings = type === 'Warning';
  if (!events.ready) return <Loading />;
  const rows = warnings ? events.items.filter((event) => event.type === 'Warning') : events.items;
  const about = (event: KubeEvent) => {
    const { kind, name } = event.involvedObject;
    const place = kind && places[kind];
    return place && name ? <Link to={`/projects/${project}/${place}/${name}`}>{name}</Link> : <>{name}</>;
  };
  const kind = (event: KubeEvent) => <Code>{event.involvedObject.kind}</Code>;
  const state = (event: KubeEvent) => <Status tone={event.type === 'Warning' ? 'warning' : 'neutral'} text={t(event.type === 'Warning' ? 'activity.warning' : 'activity.normal')} />;
  const columns: Column<KubeEvent>[] = [
    { id: 'time', header: t('activity.when'), sort: eventOrder, cell: (event) => <When time={eventTime(event)} also="moment" />, width: '140px', hideBelow: 'sm' },
    { id: 'type', header: t('activity.type'), sort: (event) => event.type ?? '', cell: state, width: '120px', hideBelow: 'md' },
    {
      id: 'object', header: t('activity.object'), sort: (event) => event.involvedObject.name ?? '', hideBelow: 'sm', width: '28%',
      cell: (event) => <>{about(event)}<OnNarrow below="md">{kind(event)}</OnNarrow></>,
    },
    { id: 'kind', header: t('activity.kind'), sort: (event) => event.involvedObject.kind ?? '', cell: kind, width: '150px', hideBelow: 'lg' },
    {
      id: 'message', header: t('activity.message'), sort: (event) => event.reason ?? '',
      cell: (event) => <>{event.type === 'Warning' && <OnNarrow below="md">{state(event)}</OnNarrow>}<EventText event={event} /><OnNarrow below="sm">{about(event)} · <When time={eventTime(event)} /></OnNarrow></>,
    },
  ];
  return (
    <>
      <PageHeader title={t('nav.activity')} description={t('activity.description')} />
      <DataTable
        label={t('nav.activity')} rows={rows} columns={columns} rowKey={(event) => event.metadata.name} rowName={(event) => event.reason ?? event.metadata.name}
        textOf={(event) => `${event.reason} ${event.message} ${event.involvedObject.kind} ${event.involvedObject.name}`} initialSort={{ column: 'time', descending: true }}
        toolbar={<FormControlLabel sx={{ ml: 0 }} control={<Switch size="small" checked={warnings} onChange={(event) => setType(event.target.checked ? 'Warning' : '')} />} label={t('activity.onlyWarnings')} />}
        empty={<Empty title={warnings ? t('activity.noWarnings') : t('activity.emptyTitle')}>{!warnings && t('activity.emptyText')}</Empty>}
      />
    </>
  );
}
