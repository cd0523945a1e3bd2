// What `offload site` writes, fed unchanged to the real servers: each gives the same list of requests, handed over where it can be.
import { testSetup } from '../servers/requests.js';
import { SITES } from './sites.js';

for (const site of SITES) testSetup({ ...site, name: `offload site: ${site.name}` }, { OFFLOAD_HANDOFF: site.handoff });
