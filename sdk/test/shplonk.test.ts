/** Proofs with one commitment a polynomial: halo2's own. */
import { agrees } from './verdicts.js';

agrees('tiny');
agrees('lenet');
