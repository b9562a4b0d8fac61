// What kind of sensor a dot is, once the map is near enough: one small glyph per family, on a 24 px grid inside its ring.

export const GLYPHS: Record<string, string> = {
  gas: 'M12 7c0 2.6-3.2 4-3.2 6.6a3.2 3.2 0 0 0 6.4 0C15.2 11 12 9.6 12 7z',
  radiation: 'M12 12 9.2 7.3h5.6zM12 12l5.3.2-2.8 4.6zM12 12l-5.3.2 2.8 4.6z',
  sound: 'M10.5 9a1.5 1.5 0 0 1 3 0v2.5a1.5 1.5 0 0 1-3 0zM8.7 11.5a3.3 3.3 0 0 0 6.6 0M12 14.8V17',
  wind: 'M7 10.7h6.6a1.6 1.6 0 1 0-1.6-1.6M7 13.3h8.4a1.6 1.6 0 1 1-1.6 1.6',
  contact: 'M9.2 17V7.3h5.6V17M7.8 17h8.4M12.9 12.3v.01',
  network: 'M7.5 8.2h9v5.6h-9zM10 16.6h4M12 13.8v2.8',
  crowd: 'M12 11.2a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8.3 16.6a3.7 3.7 0 0 1 7.4 0',
  lane: 'M8 17V8h8v9M12 11.5v.01M12 14v3',
  screening: 'M8 17V8h8v9M12 11.5v.01M12 14v3',
  sapient: 'M12 7.5 16.5 15h-9zM12 11v2',
};
