export async function ops() {}
