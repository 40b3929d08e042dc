// SPDX-License-Identifier: BSD-2-Clause
global using NUnit.Framework;
