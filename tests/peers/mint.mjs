// SPDX-License-Identifier: Apache-2.0
//
// What a JavaScript action does to get an ID token. Prints it as a JSON line of its
// own, after whatever @actions/core prints.
import { getIDToken } from '@actions/core';

const token = await getIDToken(process.argv[2]);
console.log(JSON.stringify({ token }));
