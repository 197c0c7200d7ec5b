import type { Insertable } from 'kysely'
import { foldName } from '../fold-name.ts'
import type { Database } from '../tables.ts'
import { PseudoRandom } from './pseudo-random.ts'
import { coinedNames, industries, products } from './seed-catalogue.ts'
import { countries, type SeedCountry } from './seed-countries.ts'

type SeedCustomer = Insertable<Database['customers']>
type SeedPurchase = Insertable<Database['purchases']>

const CUSTOMER_COUNT = 252

const SEED = 8044
const DAY_MS = 24 * 60 * 60 * 1000
const LONGEST_HISTORY_DAYS = 6 * 365

/** Salesperson 4 has only two customers, to show that the top three can have fewer than three entries. */
const CUSTOMERS_OF_THE_NEWCOMER = { userId: 4, count: 2 }

/** Returns the same data in every run, but for the days: all purchases were made before `today` (`YYYY-MM-DD`). */
export function makeCustomers(today: string): { customers: SeedCustomer[]; purchases: SeedPurchase[] } {
  const random = new PseudoRandom(SEED)
  const takenNames = new Set<string>()
  const customers: SeedCustomer[] = []
  const purchases: SeedPurchase[] = []
  for (let id = 1; id <= CUSTOMER_COUNT; id += 1) {
    const bought = makePurchases(random, id, today)
    purchases.push(...bought)
    customers.push({
      ...makeCompany(random, takenNames),
      id,
      total_purchase: bought.reduce((sum, purchase) => sum + purchase.amount, 0),
      customer_since: bought.map((purchase) => purchase.purchased_on).sort()[0] ?? today,
      sales_person: id <= CUSTOMERS_OF_THE_NEWCOMER.count ? CUSTOMERS_OF_THE_NEWCOMER.userId : random.between(1, 3),
    })
  }
  return { customers, purchases }
}

function makeCompany(random: PseudoRandom, takenNames: Set<string>) {
  const country = random.pick(countries)
  const industry = random.pick(industries)
  const city = random.pick(country.cities)
  const name = makeName(random, country, city, industry.words, takenNames)
  const firstname = random.pick(country.firstnames)
  const lastname = random.pick(country.lastnames)
  const mailbox = `${asAddressPart(firstname)}.${asAddressPart(lastname)}`
  return {
    name,
    name_folded: foldName(name),
    country: country.name,
    city,
    industry: industry.name,
    contact: `${firstname} ${lastname}`,
    email: `${mailbox}@${asAddressPart(name.slice(0, name.lastIndexOf(' ')))}.example`,
    phone: random.digits(country.phone),
  }
}

function makeName(
  random: PseudoRandom,
  country: SeedCountry,
  city: string,
  words: readonly string[],
  takenNames: Set<string>,
): string {
  for (;;) {
    const first = random.pick([
      random.pick(coinedNames),
      random.pick(coinedNames),
      random.pick(country.lastnames),
      city,
    ])
    const stem = `${first} ${random.pick(words)}`
    if (takenNames.has(stem)) continue
    takenNames.add(stem)
    const capitalised = stem.charAt(0).toUpperCase() + stem.slice(1)
    return `${capitalised} ${random.pick(country.legalForms).replace(/ /g, '\u00a0')}`
  }
}

function makePurchases(random: PseudoRandom, customerId: number, today: string): SeedPurchase[] {
  const historyDays = random.between(60, LONGEST_HISTORY_DAYS)
  return Array.from({ length: random.between(2, 14) }, () => {
    const product = random.pick(products)
    const quantity = random.between(1, product.most)
    return {
      customer_id: customerId,
      purchased_on: daysBefore(today, random.between(1, historyDays)),
      description: quantity === 1 ? product.description : `${quantity} × ${product.description}`,
      amount: quantity * product.price,
    }
  })
}

function daysBefore(today: string, days: number): string {
  return new Date(Date.parse(today) - days * DAY_MS).toISOString().slice(0, 10)
}

function asAddressPart(text: string): string {
  return foldName(text)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
