import { SETUPS } from '../support/servers/setups.js';
import { testSetup } from './requests.js';

for (const setup of SETUPS.filter(({ packages }) => packages.includes('nginx'))) testSetup(setup);
