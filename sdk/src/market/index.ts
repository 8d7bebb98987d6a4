/** The market on an EVM chain. */
export {
  type Answer, Assay, type CheckedAnswer, NoAnswer, type NotChecked, NotCheckedHere, type Pending, type Question, type Trust, type UncheckedAnswer, type Waiting,
} from './assay.js';
export { checkFulfilment, fulfilmentIn, fulfilmentOf, receiptIn } from './answer.js';
export { type Asked, type AskedJson, requestFromJson, requestToJson } from './asked.js';
export { type ErrorName, MarketError, type Sent, SentError } from './errors.js';
export type { Kept } from './kept.js';
export type { Numbers } from './numbers.js';
export { type RequestEvent, type Watch, watch } from './events.js';
export type { Confirmation, ModelDescription } from './description.js';
export { type FeeBounds, MAX_COST, MAX_TIP } from './fees.js';
export { BLOCKS_WITHOUT_FINALITY, DEVELOPMENT_CHAINS } from './finality.js';
export { ForeignMarketError, type Parties } from './genuine.js';
export { type Connecting, type Evidence, type Fulfilment, type Job, Market, type Opening, type Terms, type Wallet } from './market.js';
export { type Model, Models, type Registration } from './models.js';
export type { Assurance, Pot, Status, Tier } from './names.js';
export {
  ETHER, type Place, type Receipt, type Request, bondOf, commitmentOf, contextOf, digestOf, idOf, priceAt, receiptData, typedData,
} from './request.js';
export { errorAbi, marketAbi, registryAbi, routerAbi, signaturesAbi } from './abi.js';
