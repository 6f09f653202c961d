// SPDX-License-Identifier: Apache-2.0
// Which screen is at which place. Each screen is loaded when somebody goes there.
import Box from '@mui/material/Box';
import { Component, lazy, Suspense, useEffect, type ComponentType, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { useLive } from './api/live';
import type { Namespace } from './api/meta';
import { findSession, sessionStore } from './api/session';
import { useStore } from './api/store';
import { Empty, ErrorNotice, Link, Loading, PageHeader } from './components/basics';
import { Frame, lastProject } from './components/Frame';
import { useRememberedAddress } from './lib/address';
import { projectsWanted, userProjects } from './lib/wanted';
import { LoginPage, SessionEnded } from './pages/Login';

const Projects = lazy(() => import('./pages/Projects'));
const Overview = lazy(() => import('./pages/Overview'));
const Clusters = lazy(() => import('./pages/Clusters'));
const Cluster = lazy(() => import('./pages/Cluster'));
const AutomaticBackups = lazy(() => import('./pages/AutomaticBackups'));
const AutomaticBackup = lazy(() => import('./pages/AutomaticBackup'));
const Backups = lazy(() => import('./pages/Backups'));
const Backup = lazy(() => import('./pages/Backup'));
const Restores = lazy(() => import('./pages/Restores'));
const Restore = lazy(() => import('./pages/Restore'));
const Activity = lazy(() => import('./pages/Activity'));
const Destinations = lazy(() => import('./pages/Destinations'));
const Settings = lazy(() => import('./pages/Settings'));
const Health = lazy(() => import('./pages/Health'));

export interface ProjectProps {
  project: string;
}
export interface NamedProps extends ProjectProps {
  name: string;
}

export function App() {
  const session = useStore(sessionStore);
  if (session.kind === 'nobody') return <LoginPage />;
  if (session.kind === 'unknown') return <Loading />;
  if (session.kind === 'unreachable') return <Unreachable />;
  return (
    <>
      <Screens />
      {session.kind === 'ended' && <SessionEnded user={session.session.user} />}
    </>
  );
}

function Unreachable() {
  const { t } = useTranslation();
  useEffect(() => {
    const timer = setInterval(() => void findSession(), 3000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Box component="main" sx={{ p: 4 }}>
      <Empty title={t('errors.unreachable')}>{t('errors.unreachableText')}</Empty>
    </Box>
  );
}

function Screens() {
  const [location] = useLocation();
  useRememberedAddress();
  const segments = /^\/projects\/([^/]+)/.exec(location);
  const project = segments ? decodeURIComponent(segments[1]!) : undefined;
  const inProject = (path: string, Screen: ComponentType<ProjectProps>) => (
    <Route path={`/projects/:project${path}`}>{(at: { project: string }) => <Screen key={at.project} project={at.project} />}</Route>
  );
  const named = (path: string, Screen: ComponentType<NamedProps>) => (
    <Route path={`/projects/:project${path}/:name`}>
      {(at: { project: string; name: string }) => <Screen key={`${at.project}/${at.name}`} project={at.project} name={at.name} />}
    </Route>
  );
  return (
    <Frame project={project ?? lastProject() ?? undefined}>
      <Caught key={location}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/"><Home /></Route>
            <Route path="/projects"><Projects /></Route>
            <Route path="/overview"><Overview project={undefined} /></Route>
            {inProject('', Overview)}
            {inProject('/clusters', Clusters)}
            {named('/clusters', Cluster)}
            {inProject('/automatic-backups', AutomaticBackups)}
            {named('/automatic-backups', AutomaticBackup)}
            {inProject('/backups', Backups)}
            {named('/backups', Backup)}
            {inProject('/restores', Restores)}
            {named('/restores', Restore)}
            {inProject('/activity', Activity)}
            <Route path="/admin/destinations"><Destinations /></Route>
            <Route path="/admin/settings"><Settings /></Route>
            <Route path="/admin/health"><Health /></Route>
            <Route><NotFound /></Route>
          </Switch>
        </Suspense>
      </Caught>
    </Frame>
  );
}

/** Where somebody was last; else the only project there is; else all of them. */
function Home() {
  const projects = useLive<Namespace>(projectsWanted);
  if (!projects.ready) return <Loading />;
  const names = userProjects(projects.items).map((one) => one.metadata.name);
  const last = lastProject();
  const project = last && names.includes(last) ? last : names.length === 1 ? names[0] : undefined;
  return <Redirect to={project ? `/projects/${project}/clusters` : '/projects'} replace />;
}

function NotFound() {
  const { t } = useTranslation();
  return (
    <>
      <PageHeader title={t('errors.noPage')} />
      <Link to="/">{t('frame.home')}</Link>
    </>
  );
}

/** A screen that fails takes nothing else with it. A file that a newer server does not have any more is one of these. */
class Caught extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    return this.state.error === undefined ? this.props.children : <ErrorNotice error={this.state.error} onRetry={() => window.location.reload()} />;
  }
}
