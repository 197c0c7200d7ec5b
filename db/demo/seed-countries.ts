/** No subscriber has one of these telephone numbers. */
export interface SeedCountry {
  name: string
  cities: readonly string[]
  legalForms: readonly string[]
  firstnames: readonly string[]
  lastnames: readonly string[]
  phone: string
}

export const countries: readonly SeedCountry[] = [
  {
    name: 'France',
    cities: ['Lyon', 'Nantes', 'Toulouse', 'Lille', 'Rennes'],
    legalForms: ['SARL', 'SAS'],
    firstnames: ['Claire', 'Mathieu', 'Inès', 'Hugo', 'Margaux', 'Étienne'],
    lastnames: ['Lefèvre', 'Moreau', 'Garnier', 'Chevalier', 'Dufour', 'Besson'],
    phone: '+33 1 99 00 ## ##',
  },
  {
    name: 'Germany',
    cities: ['Hamburg', 'Leipzig', 'Stuttgart', 'Köln', 'Bremen'],
    legalForms: ['GmbH', 'AG', 'KG'],
    firstnames: ['Anke', 'Lukas', 'Jürgen', 'Miriam', 'Stefan', 'Greta'],
    lastnames: ['Brandt', 'Schröder', 'Vogel', 'Lindner', 'Haas', 'Weiß'],
    phone: '+49 30 23125 ###',
  },
  {
    name: 'United Kingdom',
    cities: ['Leeds', 'Bristol', 'Glasgow', 'Sheffield', 'Cardiff'],
    legalForms: ['Ltd', 'plc'],
    firstnames: ['Harriet', 'Oliver', 'Priya', 'Callum', 'Megan', 'Thomas'],
    lastnames: ['Ashworth', 'Fletcher', 'Patel', 'Hargreaves', 'Morgan', 'Sinclair'],
    phone: '+44 20 7946 0###',
  },
  {
    name: 'Italy',
    cities: ['Torino', 'Bologna', 'Verona', 'Genova', 'Bari'],
    legalForms: ['S.p.A.', 'S.r.l.'],
    firstnames: ['Giulia', 'Marco', 'Elena', 'Davide', 'Chiara', 'Paolo'],
    lastnames: ['Ferraro', 'Bianchi', 'Colombo', 'Marchetti', 'Gallo', 'Rizzo'],
    phone: '+39 06 0000 0###',
  },
  {
    name: 'Spain',
    cities: ['Valencia', 'Bilbao', 'Sevilla', 'Zaragoza', 'Málaga'],
    legalForms: ['S.L.', 'S.A.'],
    firstnames: ['Lucía', 'Álvaro', 'Carmen', 'Javier', 'Nuria', 'Iker'],
    lastnames: ['Ibáñez', 'Navarro', 'Ortega', 'Castro', 'Molina', 'Serrano'],
    phone: '+34 900 000 ###',
  },
  {
    name: 'Netherlands',
    cities: ['Utrecht', 'Eindhoven', 'Groningen', 'Rotterdam', 'Haarlem'],
    legalForms: ['B.V.', 'N.V.'],
    firstnames: ['Sanne', 'Daan', 'Femke', 'Bram', 'Lotte', 'Ruben'],
    lastnames: ['de Wit', 'van Dam', 'Hoekstra', 'Bosman', 'Kuipers', 'Visser'],
    phone: '+31 85 000 00##',
  },
  {
    name: 'Sweden',
    cities: ['Göteborg', 'Uppsala', 'Malmö', 'Linköping', 'Umeå'],
    legalForms: ['AB'],
    firstnames: ['Astrid', 'Erik', 'Linnea', 'Oskar', 'Maja', 'Anders'],
    lastnames: ['Lundqvist', 'Bergström', 'Sjöberg', 'Nyström', 'Ekholm', 'Dahl'],
    phone: '+46 8 465 004 ##',
  },
  {
    name: 'Switzerland',
    cities: ['Basel', 'Luzern', 'Lausanne', 'St. Gallen', 'Winterthur'],
    legalForms: ['AG', 'SA'],
    firstnames: ['Regula', 'Beat', 'Céline', 'Urs', 'Nadine', 'Reto'],
    lastnames: ['Zbinden', 'Amstutz', 'Favre', 'Hürlimann', 'Keller', 'Rochat'],
    phone: '+41 44 000 00 ##',
  },
  {
    name: 'Poland',
    cities: ['Kraków', 'Gdańsk', 'Wrocław', 'Poznań', 'Łódź'],
    legalForms: ['Sp. z o.o.', 'S.A.'],
    firstnames: ['Agnieszka', 'Marek', 'Zofia', 'Piotr', 'Ewa', 'Krzysztof'],
    lastnames: ['Zieliński', 'Wójcik', 'Mazur', 'Kaczmarek', 'Lis', 'Sikora'],
    phone: '+48 22 000 00 ##',
  },
  {
    name: 'Portugal',
    cities: ['Porto', 'Braga', 'Coimbra', 'Aveiro', 'Faro'],
    legalForms: ['Lda.', 'S.A.'],
    firstnames: ['Beatriz', 'Tiago', 'Inês', 'Rui', 'Joana', 'Nuno'],
    lastnames: ['Almeida', 'Carvalho', 'Figueiredo', 'Lopes', 'Matos', 'Teixeira'],
    phone: '+351 210 000 0##',
  },
  {
    name: 'United States',
    cities: ['Portland', 'Columbus', 'Denver', 'Raleigh', 'Milwaukee'],
    legalForms: ['Inc.', 'LLC'],
    firstnames: ['Dana', 'Marcus', 'Elise', 'Trevor', 'Naomi', 'Wesley'],
    lastnames: ['Whitaker', 'Delgado', 'Kowalski', 'Brennan', 'Ellison', 'Mercer'],
    phone: '+1 503 555 01##',
  },
  {
    name: 'Canada',
    cities: ['Ottawa', 'Québec', 'Calgary', 'Halifax', 'Winnipeg'],
    legalForms: ['Inc.', 'Ltd'],
    firstnames: ['Amélie', 'Liam', 'Sophie', 'Gavin', 'Joëlle', 'Nathan'],
    lastnames: ['Tremblay', 'MacLeod', 'Gagnon', 'Fraser', 'Pelletier', 'Sutherland'],
    phone: '+1 613 555 01##',
  },
]
