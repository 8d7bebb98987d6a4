/** Proofs with several columns behind a commitment. */
import { agrees } from './verdicts.js';

agrees('tiny-grouped');
agrees('lenet-grouped');
