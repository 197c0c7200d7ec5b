export const industries: readonly { name: string; words: readonly string[] }[] = [
  { name: 'Agriculture', words: ['Orchards', 'Agri', 'Seeds', 'Farms'] },
  { name: 'Automotive', words: ['Motors', 'Automotive', 'Gearworks'] },
  { name: 'Chemicals', words: ['Chemicals', 'Coatings', 'Polymers'] },
  { name: 'Construction', words: ['Construction', 'Builders', 'Civil Works'] },
  { name: 'Energy', words: ['Energy', 'Power', 'Hydro', 'Solar'] },
  { name: 'Food and beverages', words: ['Foods', 'Brewery', 'Dairy', 'Bakeries'] },
  { name: 'Healthcare', words: ['Medical', 'Clinics', 'Laboratories'] },
  { name: 'Hospitality', words: ['Hotels', 'Resorts', 'Catering'] },
  { name: 'Logistics', words: ['Logistics', 'Freight', 'Cold Storage', 'Shipping'] },
  { name: 'Machinery', words: ['Machinery', 'Tooling', 'Hydraulics'] },
  { name: 'Textiles', words: ['Textiles', 'Weaving', 'Fabrics'] },
  { name: 'Water', words: ['Water', 'Filtration', 'Waterworks'] },
]

// biome-ignore format: one name per line would make this list too long
/** The first words of some company names. The other company names begin with a city or a family name. */
export const coinedNames: readonly string[] = [
  'Alderbrook', 'Altamar', 'Amberline', 'Arcwell', 'Bluestone', 'Brightwater', 'Calderan', 'Cobalt', 'Corvane', 'Drift',
  'Eastgate', 'Ferrum', 'Glasswing', 'Greyfield', 'Halden', 'Ironbark', 'Juniper', 'Kestrel', 'Larkhill', 'Lumina',
  'Meridian', 'Mistral', 'Nordkap', 'Oakmere', 'Orbis', 'Pinecrest', 'Quarry Lane', 'Redwater', 'Silverfen', 'Solent',
  'Tallis', 'Tidewell', 'Umbra', 'Vantor', 'Westmark', 'Zephyr',
]

/** Products with the unit price in cents, and the largest quantity of a purchase (`most`). */
export const products: readonly { description: string; price: number; most: number }[] = [
  { description: 'Temperature probe T200', price: 18_900, most: 60 },
  { description: 'Pressure transmitter P45', price: 42_500, most: 30 },
  { description: 'Flow meter F12', price: 129_000, most: 12 },
  { description: 'Humidity sensor H8', price: 9_750, most: 80 },
  { description: 'Level gauge L3', price: 67_200, most: 20 },
  { description: 'Data logger DL-16', price: 88_000, most: 16 },
  { description: 'Control cabinet C2', price: 465_000, most: 4 },
  { description: 'Wireless gateway G7', price: 54_900, most: 10 },
  { description: 'Handheld calibrator K1', price: 214_000, most: 3 },
  { description: 'Calibration visit', price: 76_000, most: 5 },
  { description: 'Service contract, one year', price: 348_000, most: 2 },
  { description: 'Operator training, one day', price: 124_000, most: 3 },
]
