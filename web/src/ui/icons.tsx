// Small pictures beside words: lines of the text's own colour. They say nothing that the words do not.
const PATHS = {
  devices: 'M2 3.5h12v7.5H2zM5.5 13.5h5',
  waiting: 'M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 5v3.2l2.2 1.6',
  people: 'M6 7.2a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM1.8 13.4c0-5 8.4-5 8.4 0M10.6 2.8a2.2 2.2 0 0 1 0 4.1M12 9.4c1.4.5 2.2 2 2.2 4',
  policies: 'M8 1.8l5.2 2v4c0 3.2-2.4 5.3-5.2 6.4-2.8-1.1-5.2-3.2-5.2-6.4v-4zM5.7 7.9l1.7 1.7 3-3.2',
  approvals: 'M3 2.3h10v11.4H3zM5.3 8.2l1.9 1.9 3.6-4',
  sessions: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  receipts: 'M3.5 1.8h9v12.4l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM5.8 5h4.4M5.8 8h4.4',
  organisation: 'M3 13.8V2.5h6.5v11.3M9.5 6.5H13v7.3M1.8 13.8h12.4M5.3 5.3h2M5.3 8h2M5.3 10.7h2',
  folder: 'M1.8 4h4.4l1.5 1.8h6.5v7.2H1.8z',
  file: 'M4 2h5l3.2 3.2V14H4zM9 2v3.3h3.2',
  link: 'M6.8 9.2l2.6-2.6M7.4 4.6l1.3-1.3a2.8 2.8 0 0 1 4 4l-1.3 1.3M8.6 11.4l-1.3 1.3a2.8 2.8 0 0 1-4-4l1.3-1.3',
  shell: 'M2.5 4l4 4-4 4M8 12h5.5',
  key: 'M5.2 13a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM7.5 7.5L13.8 2M11 4.6l2 2',
  keys: 'M1.5 4h13v8h-13zM4 6.7h.6M6.7 6.7h.6M9.4 6.7h.6M12 6.7h.1M5 9.5h6',
  paste: 'M5.5 2.3h5v2.4h-5zM5.5 3.5H3.3V14h9.4V3.5h-2.2',
  full: 'M6 2.5H2.5V6M10 2.5h3.5V6M6 13.5H2.5V10M10 13.5h3.5V10',
} as const

export type IconName = keyof typeof PATHS

export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  )
}
