/** The market on an EVM chain. */
export { type Answer, Assay, type ModelDescription, type Pending, type Question, type Waiting } from './assay.js';
export { checkFulfilment, fulfilmentIn, fulfilmentOf } from './answer.js';
export { type ErrorName, MarketError } from './errors.js';
export { type RequestEvent, type Watch, watch } from './events.js';
export { type Fulfilment, type Job, Market, type Terms, type Wallet } from './market.js';
export { type Model, Models, type Registration } from './models.js';
export type { Pot, Status, Tier } from './names.js';
export {
  ETHER, type Place, type Request, bondOf, commitmentOf, contextOf, digestOf, idOf, priceAt, typedData,
} from './request.js';
export { errorAbi, marketAbi, registryAbi, routerAbi } from './abi.js';
