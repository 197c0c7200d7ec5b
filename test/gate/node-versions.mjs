export async function testNodeVersions() {}
