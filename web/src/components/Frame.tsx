// SPDX-License-Identifier: Apache-2.0
// What is around every screen: where one is, where one can go, whether what is shown is live.
import Alert from '@mui/material/Alert';
import AppBar from '@mui/material/AppBar';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Drawer from '@mui/material/Drawer';
import IconButton from '@mui/material/IconButton';
import List from '@mui/material/List';
import ListItemButton from '@mui/material/ListItemButton';
import ListItemIcon from '@mui/material/ListItemIcon';
import ListItemText from '@mui/material/ListItemText';
import ListSubheader from '@mui/material/ListSubheader';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Snackbar from '@mui/material/Snackbar';
import Toolbar from '@mui/material/Toolbar';
import Tooltip from '@mui/material/Tooltip';
import { useEffect, useState, type ComponentType, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useLocation } from 'wouter';
import { live, useLive } from '../api/live';
import type { Namespace } from '../api/meta';
import { useRights } from '../api/rights';
import { logOut, sessionStore } from '../api/session';
import { useStore } from '../api/store';
import { projectsWanted, userProjects } from '../lib/wanted';
import { ErrorNotice, messageStore } from './basics';
import { LanguageSwitch, Logo, SchemeSwitch } from './Chrome';
import {
  ActivityIcon, ArchiveIcon, ClusterIcon, DiskIcon, FolderIcon, MenuIcon, OverviewIcon, RestoreIcon, ScheduleIcon, SettingsIcon, ShieldIcon, UserIcon,
} from './icons';

const drawerWidth = 268;
const lastProjectKey = 'tresor-project';
export const lastProject = (): string | null => localStorage.getItem(lastProjectKey);

export function Frame({ project, children }: { project: string | undefined; children: ReactNode }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [location]);
  useEffect(() => {
    if (project) localStorage.setItem(lastProjectKey, project);
  }, [project]);
  const drawer = (where: string) => <Navigation key={where} project={project} location={location} />;
  return (
    <Box sx={{ display: 'flex', minHeight: '100vh' }}>
      <Box component="a" href="#main" sx={{ position: 'absolute', left: -9999, zIndex: 2000, p: 1.5, backgroundColor: 'background.paper', '&:focus': { left: 8, top: 8 } }}>
        {t('frame.skip')}
      </Box>
      <AppBar position="fixed" color="inherit" elevation={0} sx={{ borderBottom: 1, borderColor: 'divider', backgroundColor: 'background.paper', zIndex: (theme) => theme.zIndex.drawer + 1 }}>
        <Toolbar sx={{ gap: { xs: 0.5, sm: 1.5 }, px: { xs: 1, sm: 2 } }}>
          <IconButton onClick={() => setOpen(!open)} aria-label={t('frame.menu')} aria-expanded={open} sx={{ display: { md: 'none' } }}><MenuIcon /></IconButton>
          <Box component={RouterLink} href="/" aria-label={t('frame.home')} sx={{ color: 'inherit', textDecoration: 'none', display: { xs: 'none', sm: 'block' } }}><Logo /></Box>
          <ProjectSwitcher project={project} />
          <Box sx={{ flex: 1 }} />
          <LanguageSwitch />
          <SchemeSwitch />
          <UserMenu />
        </Toolbar>
      </AppBar>
      <Drawer variant="temporary" open={open} onClose={() => setOpen(false)} sx={{ display: { md: 'none' } }} slotProps={{ paper: { 'aria-label': t('frame.navigation'), sx: { width: drawerWidth, pt: 8 } } }}>
        {drawer('phone')}
      </Drawer>
      <Drawer variant="permanent" sx={{ display: { xs: 'none', md: 'block' }, width: drawerWidth, flexShrink: 0 }} slotProps={{ paper: { sx: { width: drawerWidth, pt: 8, backgroundColor: 'background.paper' } } }}>
        {drawer('wide')}
      </Drawer>
      <Box component="main" id="main" sx={{ flex: 1, minWidth: 0, pt: 8 }}>
        <NotLive />
        <Box sx={{ p: { xs: 2, sm: 3 }, maxWidth: 1280, mx: 'auto' }}>{children}</Box>
      </Box>
      <Messages />
    </Box>
  );
}

function NotLive() {
  const { t } = useTranslation();
  const connection = useStore(live.connection);
  return (
    <div role="status">
      {connection === 'broken' && (
        <Alert severity="warning" square action={<Button color="inherit" size="small" onClick={() => live.retry()}>{t('live.retry')}</Button>}>
          {t('live.broken')}
        </Alert>
      )}
    </div>
  );
}

function Messages() {
  const message = useStore(messageStore);
  return (
    <Snackbar
      key={message?.id} open={message !== null} autoHideDuration={6000}
      onClose={(_, reason) => reason !== 'clickaway' && messageStore.set(null)} anchorOrigin={{ vertical: 'bottom', horizontal: 'left' }}
    >
      {message ? <Alert severity={message.severity} variant="outlined" onClose={() => messageStore.set(null)} sx={{ backgroundColor: 'background.paper' }}>{message.text}</Alert> : undefined}
    </Snackbar>
  );
}

function ProjectSwitcher({ project }: { project: string | undefined }) {
  const { t } = useTranslation();
  const [location, navigate] = useLocation();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const projects = userProjects(useLive<Namespace>(projectsWanted).items);
  const go = (to: string) => {
    setAnchor(null);
    navigate(to);
  };
  // Elsewhere in the same place: from clusters to the other project's clusters.
  const place = /^\/projects\/[^/]+\/([^/]+)/.exec(location)?.[1] ?? 'clusters';
  return (
    <>
      <Button color="inherit" variant="outlined" size="small" onClick={(event) => setAnchor(event.currentTarget)} aria-haspopup="menu" startIcon={<FolderIcon />}
        sx={{ borderColor: 'divider', minWidth: 0, maxWidth: { xs: 150, sm: 260 }, '& > span:last-of-type': { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } }}>
        <span>{project ? t('frame.projectIs', { name: project }) : t('frame.chooseProject')}</span>
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)} slotProps={{ paper: { sx: { maxHeight: 420, minWidth: 220 } } }}>
        {projects.map((one) => (
          <MenuItem key={one.metadata.name} selected={one.metadata.name === project} onClick={() => go(`/projects/${one.metadata.name}/${place}`)}>{one.metadata.name}</MenuItem>
        ))}
        <MenuItem onClick={() => go('/projects')} divider={false} sx={{ borderTop: 1, borderColor: 'divider', color: 'primary.main' }}>{t('frame.allProjects')}</MenuItem>
      </Menu>
    </>
  );
}

function UserMenu() {
  const { t } = useTranslation();
  const session = useStore(sessionStore);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [error, setError] = useState<unknown>();
  const name = session.kind === 'in' || session.kind === 'ended' ? session.session.user : '';
  return (
    <>
      <Tooltip title={t('frame.user', { name })} describeChild={false}>
        <IconButton color="inherit" onClick={(event) => setAnchor(event.currentTarget)} aria-haspopup="menu"><UserIcon /></IconButton>
      </Tooltip>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        <MenuItem disabled>{t('frame.user', { name })}</MenuItem>
        <MenuItem onClick={() => {
          setAnchor(null);
          // From the start: nothing of what this person saw stays in the page.
          logOut().then(() => window.location.assign('/'), setError);
        }}>{t('frame.logOut')}</MenuItem>
      </Menu>
      {error !== undefined && <Snackbar open onClose={() => setError(undefined)}><div><ErrorNotice error={error} /></div></Snackbar>}
    </>
  );
}

function Navigation({ project, location }: { project: string | undefined; location: string }) {
  const { t } = useTranslation();
  const everywhere = useRights();
  const item = (to: string, text: string, Icon: ComponentType<{ fontSize?: 'small' }>, inset = false) => {
    const here = location === to || (to !== `/projects/${project}` && to !== '/projects' && location.startsWith(`${to}/`));
    return (
      <ListItemButton key={to} component={RouterLink} href={to} selected={here} aria-current={here ? 'page' : undefined} sx={{ borderRadius: 2, mx: 1, py: 0.6, pl: inset ? 2 : 1.25, pr: 1 }}>
        <ListItemIcon sx={{ minWidth: 34, color: here ? 'primary.main' : undefined }}><Icon fontSize="small" /></ListItemIcon>
        <ListItemText primary={text} slotProps={{ primary: { sx: { fontWeight: here ? 650 : 450, fontSize: '0.9375rem' } } }} />
      </ListItemButton>
    );
  };
  const head = (text: string) => (
    <ListSubheader component="div" disableSticky sx={{ lineHeight: 2.6, backgroundColor: 'transparent', color: 'text.secondary' }}>{text}</ListSubheader>
  );
  const base = `/projects/${project}`;
  return (
    <Box component="nav" aria-label={t('frame.navigation')} sx={{ py: 1.5 }}>
      {project && (
        <List disablePadding component="div">
          {item(base, t('nav.overview'), OverviewIcon)}
          {item(`${base}/clusters`, t('nav.clusters'), ClusterIcon)}
          {head(t('nav.etcdBackups'))}
          {item(`${base}/automatic-backups`, t('nav.automaticBackups'), ScheduleIcon, true)}
          {item(`${base}/backups`, t('nav.backups'), ArchiveIcon, true)}
          {item(`${base}/restores`, t('nav.restores'), RestoreIcon, true)}
          {item(`${base}/activity`, t('nav.activity'), ActivityIcon)}
        </List>
      )}
      <List disablePadding component="div" sx={{ mt: 1 }}>
        {head(t('nav.everywhere'))}
        {item('/projects', t('nav.projects'), FolderIcon)}
        {everywhere.can('list', 'etcdclusters') && item('/overview', t('nav.allClusters'), ShieldIcon)}
      </List>
      {everywhere.can('list', 'backupdestinations') && (
        <List disablePadding component="div" sx={{ mt: 1 }}>
          {head(t('nav.admin'))}
          {item('/admin/destinations', t('nav.destinations'), DiskIcon)}
          {item('/admin/settings', t('nav.settings'), SettingsIcon)}
          {item('/admin/health', t('nav.health'), ActivityIcon)}
        </List>
      )}
    </Box>
  );
}
