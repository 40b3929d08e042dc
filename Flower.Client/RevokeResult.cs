// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>What has ended by a revocation.</summary>
/// <param name="Handles">The handle and those made from it.</param>
/// <param name="Sessions">Their sessions.</param>
/// <param name="Targets">What was registered over them.</param>
/// <param name="Connections">Revocable connections that were shut down.</param>
public sealed record RevokeResult(int Handles, int Sessions, int Targets, int Connections);
