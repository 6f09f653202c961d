// SPDX-License-Identifier: Apache-2.0
// The few pictures that the page uses: strokes of one width on a grid of 24.
import SvgIcon, { type SvgIconProps } from '@mui/material/SvgIcon';

const icon = (path: string, name: string) => {
  const Icon = (props: SvgIconProps) => (
    <SvgIcon {...props} viewBox="0 0 24 24">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
    </SvgIcon>
  );
  Icon.displayName = name;
  return Icon;
};

export const AddIcon = icon('M12 5v14M5 12h14', 'Add');
export const BackIcon = icon('M15 5l-7 7 7 7', 'Back');
export const NextIcon = icon('M9 5l7 7-7 7', 'Next');
export const CheckIcon = icon('M5 12.500l4.500 4.500L19 7.500', 'Check');
export const CircleCheckIcon = icon('M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.300l2.800 2.700L16 9.500', 'CircleCheck');
export const WarningIcon = icon('M12 4L2.800 20h18.400L12 4zM12 10v4.500M12 17.200v.1', 'Warning');
export const ErrorIcon = icon('M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.500v5.500M12 16.300v.1', 'Error');
export const InfoIcon = icon('M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.500M12 7.600v.1', 'Info');
export const ClockIcon = icon('M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.300l3.300 2', 'Clock');
export const PauseIcon = icon('M8.500 5.500v13M15.500 5.500v13', 'Pause');
export const PlayIcon = icon('M7.500 5l11 7-11 7V5z', 'Play');
export const DotIcon = icon('M12 8.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z', 'Dot');
export const TrashIcon = icon('M4.500 7h15M9.500 7V4.500h5V7M6.500 7l.8 12.500h9.400L17.500 7M10 11v5M14 11v5', 'Trash');
export const EditIcon = icon('M4.500 19.500l.8-4L16 4.800l3.200 3.200L8.500 18.700l-4 .8zM13.800 7l3.200 3.200', 'Edit');
export const PinIcon = icon('M9 3.500h6l-.8 6 3.300 3.500v1.500h-11V13l3.300-3.500L9 3.500zM12 14.500V21', 'Pin');
export const RestoreIcon = icon('M4 5v5h5M4.600 14.500a8 8 0 1 0 1-8L4 10M12 8v4.500l3 1.800', 'Restore');
export const ShieldIcon = icon('M12 3l7.500 2.800v5.400c0 4.600-3 8-7.500 9.800-4.500-1.800-7.500-5.200-7.500-9.800V5.800L12 3z', 'Shield');
export const ClusterIcon = icon('M12 3.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM5.500 15a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM18.500 15a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM10.800 8.300L6.800 15M13.200 8.300l4 6.700M8 17.500h8', 'Cluster');
export const ScheduleIcon = icon('M4 6.500h16v13H4v-13zM4 10.500h16M8 4v4M16 4v4M12 13v2.500l1.800 1', 'Schedule');
export const ArchiveIcon = icon('M3.500 5h17v4h-17V5zM5 9v10.500h14V9M10 12.500h4', 'Archive');
export const ActivityIcon = icon('M3 12h4l3-7.500 4.500 15L17.500 12H21', 'Activity');
export const OverviewIcon = icon('M4 4h6.500v6.500H4V4zM13.500 4H20v6.500h-6.500V4zM4 13.500h6.500V20H4v-6.500zM13.500 13.500H20V20h-6.500v-6.500z', 'Overview');
export const FolderIcon = icon('M3.500 6h6l2 2.500h9v11h-17V6z', 'Folder');
export const DiskIcon = icon('M4 6.500C4 4.600 7.600 3.500 12 3.500s8 1.100 8 3-3.600 3-8 3-8-1.100-8-3zM4 6.500v11c0 1.900 3.600 3 8 3s8-1.100 8-3v-11M4 12c0 1.900 3.600 3 8 3s8-1.100 8-3', 'Disk');
export const SettingsIcon = icon('M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4', 'Settings');
export const MenuIcon = icon('M4 6.500h16M4 12h16M4 17.500h16', 'Menu');
export const SearchIcon = icon('M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500L20.500 20.500', 'Search');
export const CopyIcon = icon('M8.500 8.500h11v11h-11v-11zM5.500 15.500h-1v-11h11v1', 'Copy');
export const UserIcon = icon('M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20c.8-3.700 3.700-5.500 7.500-5.500s6.700 1.800 7.500 5.500', 'User');
export const SunIcon = icon('M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400', 'Sun');
export const SortIcon = icon('M7 10l5-5 5 5M7 14l5 5 5-5', 'Sort');
export const SortUpIcon = icon('M7 14l5-5 5 5', 'SortUp');
export const SortDownIcon = icon('M7 10l5 5 5-5', 'SortDown');
export const LinkIcon = icon('M10 14l4-4M8.500 11l-2.600 2.600a3.500 3.500 0 0 0 5 5L13.500 16M15.500 13l2.600-2.600a3.500 3.500 0 0 0-5-5L10.500 8', 'Link');
export const CancelIcon = icon('M6 6l12 12M18 6L6 18', 'Cancel');
