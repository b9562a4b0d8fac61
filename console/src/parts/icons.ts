// One set of icons: 24 px grid, 1.5 px stroke, drawn here.

export const ICONS = {
  watch: 'M4 6h10M4 12h10M4 18h6M19 5v9M19 18.5v.5',
  cameras: 'M4 8.5 17 5l2 6.5-13 3.5zM8 15v5M4 20h8M17.5 8l3-.8M18.3 10.6l3-.8',
  devices: 'M12 12v.01M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8',
  analyse: 'M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6',
  govern: 'M12 4v16M7 20h10M5 7h14M5 7l-2.5 6h5zM19 7l-2.5 6h5z',
  system: 'M4 5h16v6H4zM4 13h16v6H4zM7 8v.01M7 16v.01M11 8h6M11 16h6',
  sound: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15 9a4 4 0 0 1 0 6M17.5 6.5a8 8 0 0 1 0 11',
  silent: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9.5l5 5M20.5 9.5l-5 5',
  people: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.5 19a5.5 5.5 0 0 1 11 0M16 6a3 3 0 0 1 0 5.5M17 14a5 5 0 0 1 3.5 5',
  person: 'M12 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20a7 7 0 0 1 14 0',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  cyber: 'M4 5h16v11H4zM9 20h6M12 16v4M9 9l-2 1.5L9 12M15 9l2 1.5-2 1.5',
  physical: 'M12 21s6.5-5.6 6.5-10.5a6.5 6.5 0 0 0-13 0C5.5 15.4 12 21 12 21zM12 13a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  close: 'M6 6l12 12M18 6 6 18',
  help: 'M9.2 9a2.9 2.9 0 1 1 4.2 2.6c-.9.5-1.4 1-1.4 2.2M12 17v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  fold: 'M6 15l6-6 6 6',
} as const;

export type IconName = keyof typeof ICONS;
