// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Names;

/// <summary>A name that has synthetic addresses.</summary>
/// <param name="Number">Which of the addresses are its: <see cref="SyntheticAddresses"/>.</param>
/// <param name="Name">The name, as <c>server_hostname</c> has it: small letters, no dot at its end.</param>
internal readonly record struct SyntheticName(int Number, string Name);
