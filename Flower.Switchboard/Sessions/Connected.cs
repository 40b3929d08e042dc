// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;

namespace Flower.Switchboard.Sessions;

/// <summary>A connection that a target has taken.</summary>
/// <param name="Target">The target.</param>
/// <param name="ForClient">The labels that the client is told.</param>
/// <param name="Socket">The client's socket, which the receiver of this value now owns; null for one that has its
/// own.</param>
internal sealed record Connected(Target Target, EncodedLabels ForClient, SafeHandle? Socket);
