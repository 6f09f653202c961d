// SPDX-License-Identifier: Apache-2.0
// A cluster that is being restored: how far it is, and why nothing else can be done with it.
import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import LinearProgress from '@mui/material/LinearProgress';
import { useTranslation } from 'react-i18next';
import type { EtcdCluster, EtcdRestore } from '../api/generated';
import { useLive } from '../api/live';
import { isStuck, restorePhase } from '../lib/model';
import { restoresWanted } from '../lib/wanted';
import { Link } from './basics';
import { FromServer } from './said';

export function RestoringBanner({ project, cluster }: { project: string; cluster: EtcdCluster }) {
  const { t } = useTranslation();
  const name = cluster.status?.activeRestore;
  const restores = useLive<EtcdRestore>(name ? restoresWanted(project) : null);
  if (!name) return null;
  const restore = restores.items.find((one) => one.metadata.name === name);
  const percent = restore?.status?.progress?.percent;
  return (
    <Alert severity={isStuck(restore) ? 'error' : 'warning'} sx={{ mb: 2 }} role="status">
      <AlertTitle>{isStuck(restore) ? t('restore.stuckTitle') : t('restoring.title', { cluster: cluster.metadata.name })}</AlertTitle>
      {t('restoring.text')}
      {restore && (
        <>
          <div><strong>{t(`restorePhase.${restorePhase(restore)}`)}</strong>{restore.status?.message && <> – <FromServer>{restore.status.message}</FromServer></>}</div>
          <LinearProgress
            variant={percent === undefined || restorePhase(restore) !== 'Rebuilding' ? 'indeterminate' : 'determinate'} value={percent ?? 0}
            aria-label={t('restore.progress')} sx={{ my: 1, maxWidth: 420 }}
          />
        </>
      )}
      <div><Link to={`/projects/${project}/restores/${name}`}>{t('clusters.toRestore')}</Link></div>
    </Alert>
  );
}
