// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Run.Network;

/// <summary>A TCP connection, by its two ends.</summary>
/// <param name="Source">The end of the program that wants it.</param>
/// <param name="Destination">Where it wants to go.</param>
internal readonly record struct Flow(IPEndPoint Source, IPEndPoint Destination);
