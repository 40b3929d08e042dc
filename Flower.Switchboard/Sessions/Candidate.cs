// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>A target that is to be tried.</summary>
/// <param name="Wish">The request with which it is tried: the client's, or one with labels that a name stands for.</param>
/// <param name="Target">The target.</param>
internal sealed record Candidate(Request Wish, Target Target);
