import { ipFixtures } from './corpus-ip.ts';
import { linkFixtures } from './corpus-link.ts';
import { tunnelFixtures } from './corpus-tunnel.ts';
import type { Fixture } from './fixture.ts';

export const corpus: Fixture[] = [...ipFixtures, ...linkFixtures, ...tunnelFixtures];
