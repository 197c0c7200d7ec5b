import { createServer } from 'node:http'
import {
  crossOriginGuard,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessionHandler,
  tokenHandler,
} from '../../../src/session/fetch/index.ts'
import {
  type ContractAnswer,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../../src/session/testing/adapter-contract.ts'
import { contractGates } from './gated.ts'
import { listening } from './listening.ts'
